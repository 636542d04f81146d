import { z } from 'zod'
import { check } from '../key.ts'
import { jsonText } from '../text/variable-text.ts'
import type { Meter } from './meter.ts'
import { compileMeter } from './meter.ts'

const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/

/** Powers of ten by which a value may be multiplied: down to a millionth of a millionth, and up to as much. */
const SCALE_EXPONENT_MAX = 12

/** The exponent of a power of ten, from 0.000000000001 to 1000000000000; undefined for another number. */
export function exponentOf(scale: number): number | undefined {
  const exponent = Math.round(Math.log10(scale))
  const isPower = Number(`1e${exponent}`) === scale && Math.abs(exponent) <= SCALE_EXPONENT_MAX
  return isPower ? exponent : undefined
}

export const SCALE = 'must be a power of ten, such as 100 or 0.001'

const scaleSchema = z.number({ error: SCALE }).transform((scale, ctx): number => {
  const exponent = exponentOf(scale)
  if (exponent !== undefined) return exponent
  ctx.addIssue({ code: 'custom', message: SCALE })
  return z.NEVER
})

const TEXTS = 'must be a text, a number, true, false, or an array of those'

const text = z.string({ error: 'must be a string' })

const scalar = z.union([z.string(), z.number(), z.boolean()], { error: TEXTS }).transform(String)

const textsSchema = z
  .union([scalar, z.array(scalar)], { error: TEXTS })
  .transform((texts) => (typeof texts === 'string' ? [texts] : texts))

const nameSchema = text.check(
  check((name: string) =>
    NAME.test(name) ? undefined : 'must be 1 to 64 letters, digits, - and _, with a letter or digit in front',
  ),
)

export const pathSchema = text.check(
  check((path: string) =>
    /^[^{}|]+$/.test(path) ? undefined : 'must be the path of a field, without braces',
  ),
)

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Values by names that users choose. `z.record` would leave out the name __proto__ in silence. */
function byName<T>(schema: z.ZodType<T>, error: string) {
  return z.custom<object>(isObject, { error }).transform((fields, ctx): Readonly<Record<string, T>> => {
    const named = Object.entries(fields).flatMap(([name, field]): [string, T][] => {
      const parsed = schema.safeParse(field)
      if (parsed.success) return [[name, parsed.data]]
      for (const { message } of parsed.error.issues) ctx.addIssue({ code: 'custom', path: [name], message })
      return []
    })
    return Object.fromEntries(named)
  })
}

const definitionSchema = z.strictObject(
  {
    name: nameSchema,
    match: byName(textsSchema, 'must be an object of fields and their values').optional(),
    key: text,
    value: text.optional(),
    scale: scaleSchema.optional(),
    labels: byName(text, 'must be an object of names and templates').optional(),
    at: text.optional(),
    id: text.optional(),
    records: pathSchema.optional(),
    repeat: z.enum(['once', 'count'], { error: 'must be once or count' }).optional(),
  },
  {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? `has unknown fields ${issue.keys.join(', ')}: use name, match, key, value, scale, labels, at, id, records and repeat`
        : 'must be an object with name, key and perhaps match, value, scale, labels, at, id, records, repeat',
  },
)

/** `METERS`: a JSON array of meters. A fault names its meter and field. */
export const metersSchema = jsonText
  .pipe(z.array(definitionSchema, { error: 'must be a JSON array of meters' }))
  .transform((definitions, ctx): Meter[] => {
    const meters: Meter[] = []
    for (const [i, definition] of definitions.entries()) {
      const isTwin = definitions.findIndex(({ name }) => name === definition.name) < i
      if (isTwin)
        ctx.addIssue({ code: 'custom', path: [i, 'name'], message: 'must differ from the other names' })
      const meter = compileMeter(definition)
      if (meter.ok) meters.push(meter.value)
      else
        for (const { field, message } of meter.error)
          ctx.addIssue({ code: 'custom', path: [i, field], message })
    }
    return meters
  })
