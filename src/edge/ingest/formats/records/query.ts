import { z } from 'zod'
import { METERS_AT_ONCE_MAX } from '../../../../limits.ts'
import { must } from '../../../../model/assert.ts'
import { exponentOf, pathSchema, SCALE } from '../../../../model/meter/definition.ts'
import { splitOnce } from '../../../../model/meter/filters.ts'
import type { Conditions } from '../../../../model/meter/match.ts'
import type { Meter, MeterDefinition } from '../../../../model/meter/meter.ts'
import { compileMeter } from '../../../../model/meter/meter.ts'
import type { Result } from '../../../../model/result.ts'
import { fail, ok } from '../../../../model/result.ts'
import { invalid, parseParameters, TOKEN_PARAMETER } from '../../../http/parameters.ts'
import type { Problem } from '../../../http/problem.ts'

const text = z.string()

/** The parameters of `POST /records`: meters of METERS by their names, or one meter of its own. */
export const recordsQuery = TOKEN_PARAMETER.extend({
  meter: z
    .array(text)
    .max(METERS_AT_ONCE_MAX, { error: `may be given ${METERS_AT_ONCE_MAX} times` })
    .optional()
    .meta({
      description: 'The name of a meter in METERS. Repeat it for several: each is asked for each record.',
    }),
  key: text.optional().meta({
    description: 'A meter of its own: the template of the key.',
    example: 'requests/{ClientRequestHost}{ClientRequestURI|path}',
  }),
  value: text.optional().meta({ description: 'The template of the value; 1 without it.' }),
  scale: text
    .optional()
    .meta({ description: 'A power of ten by which the value is multiplied, such as 100.' }),
  at: text.optional().meta({ description: 'The template of the time; the time of arrival without it.' }),
  id: text
    .optional()
    .meta({ description: "The template of the record's own name, by which it counts once." }),
  label: z.array(text).optional().meta({
    description:
      'A label and its template, `country:{country}`. Records without the field have no such label.',
  }),
  match: z.array(text).optional().meta({
    description:
      'A field and its value, `type:track`. Others are passed over. The same field again is an alternative.',
  }),
  records: pathSchema.optional().meta({ description: 'The path of the array of records in each object.' }),
  repeat: z
    .enum(['once', 'count'], { error: 'must be once or count' })
    .optional()
    .meta({ description: '`count`: the same bytes count again when they are sent again.' }),
})

type Query = z.output<typeof recordsQuery>

/** The meters that a request asks for. */
export function metersOf(url: string, configured: readonly Meter[]): Result<readonly Meter[], Problem> {
  const query = parseParameters(new URL(url).search, recordsQuery)
  if (!query.ok) return query
  const { meter: names, key } = query.value
  if (names === undefined) return key === undefined ? invalid('meter', NO_METER) : ownMeter(query.value, key)
  const own = OWN.find((parameter) => query.value[parameter] !== undefined)
  if (own !== undefined) return invalid(own, 'cannot be combined with meter')
  const unknown = names.find((name) => !configured.some((meter) => meter.name === name))
  if (unknown !== undefined) return invalid('meter', notConfigured(configured))
  // Otherwise each record would count twice by it.
  if (new Set(names).size < names.length) return invalid('meter', 'may be given only once for each name')
  return ok(
    names.map((name) =>
      must(
        configured.find((meter) => meter.name === name),
        'a meter',
      ),
    ),
  )
}

const OWN = ['key', 'value', 'scale', 'label', 'at', 'id', 'match', 'records', 'repeat'] as const

const NO_METER = 'must name a meter of METERS, or key must say what to count: ?key=requests/{path}'

function notConfigured(configured: readonly Meter[]): string {
  if (configured.length === 0) return 'must be in the variable METERS, which is empty'
  return `must be one of METERS: ${configured.map(({ name }) => name).join(', ')}`
}

function ownMeter(query: Query, key: string): Result<readonly Meter[], Problem> {
  const { value, at, id, records, repeat } = query
  const scale = query.scale === undefined ? undefined : exponentOf(Number(query.scale))
  if (query.scale !== undefined && scale === undefined) return invalid('scale', SCALE)
  const match = conditionsOf(query.match ?? [])
  if (match === undefined) return invalid('match', 'must be a field and its value: type:track')
  const labels = labelsOf(query.label ?? [])
  if (labels === undefined) return invalid('label', 'must be a name and a template: country:{country}')
  if (Object.keys(labels).length < (query.label ?? []).length)
    return invalid('label', 'may be given only once for each name')
  const definition: MeterDefinition = { key, value, scale, labels, at, id, records, repeat, match }
  const meter = compileMeter(definition)
  if (meter.ok) return ok([meter.value])
  const { field, message } = must(meter.error[0], 'the fault of a meter')
  return invalid(field === 'labels' ? 'label' : field, message)
}

/** Templates by label; undefined when one is not of the form `name:template`. It is split at its first `:`. */
function labelsOf(texts: readonly string[]): Readonly<Record<string, string>> | undefined {
  const labels = texts.map((each) => splitOnce(each, ':'))
  if (labels.some(([name, template]) => name === '' || template === undefined)) return undefined
  return Object.fromEntries(labels.map(([name, template = '']) => [name, template]))
}

/** Conditions by field; undefined when one is not of the form `field:value`. It is split at its first `:`. */
function conditionsOf(matches: readonly string[]): Conditions | undefined {
  const conditions = new Map<string, string[]>()
  for (const match of matches) {
    const [field, value] = splitOnce(match, ':')
    if (field === '' || value === undefined) return undefined
    conditions.set(field, [...(conditions.get(field) ?? []), value])
  }
  return Object.fromEntries(conditions)
}

export type { Query }

/** A problem for a body that foreign clients should not send again, which they do after a 415. */
export function compressionRefused(): Result<never, Problem> {
  return fail({ kind: 'invalid_parameter', parameter: 'Content-Encoding', fault: 'must be gzip or identity' })
}
