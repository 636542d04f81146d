import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { describeProblem } from '../../edge/http/problem-words.ts'
import { metersOf } from '../../edge/ingest/formats/records/query.ts'
import { metersSchema } from '../../model/meter/definition.ts'
import type { Meter } from '../../model/meter/meter.ts'
import { parseFlags, parseWholeNumber, resolvePath, UsageError } from '../cli.ts'
import { readWranglerConfig } from '../wrangler-config.ts'

export const HELP = `Shows what records would become, before anything is deployed. Sends nothing.

  npm run meter -- --try FILE [options]     standard input for --try -

  --try FILE         records as a client would send them: NDJSON, a JSON array or document, gzip or not
  --meter NAME       a meter of METERS; again for several (all of them)
  --meters FILE      METERS as JSON (the variable METERS; else the one of wrangler.toml)
  --shown N          how many increments are shown (20)
  --help

A meter of its own, in place of one in METERS; see docs/meters.md:

  --key TEMPLATE     what to count: 'requests/{host}{url|path}'
  --value TEMPLATE   how much (1)
  --scale POWER      a power of ten that the value is multiplied by
  --label NAME:TEMPLATE  a label, such as country:{country}; again for others
  --at TEMPLATE      when it happened (the time of arrival)
  --id TEMPLATE      the record's own name, by which it counts once
  --match FIELD:TEXT records that have this alone; again for another field, or for an alternative
  --records PATH     where the array of records is in each object
  --repeat count     what is sent again counts again

Exits with 0 when every record would be counted, with 1 when some would be refused, 2 when called wrongly.
`

const text = { type: 'string' } as const
const texts = { type: 'string', multiple: true } as const

export const FLAGS = {
  try: { type: 'string', default: '' },
  meter: texts,
  meters: text,
  shown: { type: 'string', default: '20' },
  key: text,
  value: text,
  scale: text,
  label: texts,
  at: text,
  id: text,
  match: texts,
  records: text,
  repeat: text,
} as const

const SHOWN_MAX = 10_000

export type Options = {
  /** Absolute; null for standard input. */
  readonly file: string | null
  readonly meters: readonly Meter[]
  /** The address to send such records to. */
  readonly address: string
  readonly shown: number
}

/** @throws UsageError */
export async function parseOptions(args: readonly string[], env: NodeJS.ProcessEnv): Promise<Options> {
  const { values } = parseFlags(args, FLAGS)
  const { try: file, meters: metersFile, shown, ...asked } = values
  if (file === '') throw new UsageError('Name a file of records: --try FILE, or --try - for standard input.')
  const isOwn = asked.key !== undefined
  const configured = isOwn ? [] : await readMeters(metersFile, env)
  const names = asked.meter ?? configured.map(({ name }) => name)
  const address = addressOf(isOwn ? asked : { ...asked, meter: names })
  const meters = metersOf(new URL(address, 'http://worker').href, configured)
  if (!meters.ok) throw new UsageError(describeProblem(meters.error).details.detail)
  return {
    file: file === '-' ? null : resolvePath('meter', file, env),
    meters: meters.value,
    address,
    shown: parseWholeNumber('--shown', shown, 0, SHOWN_MAX),
  }
}

function addressOf(asked: Readonly<Record<string, string | readonly string[] | undefined>>): string {
  const parameters = Object.entries(asked).flatMap(([name, value]) => {
    const all = typeof value === 'string' ? [value] : (value ?? [])
    return all.map((each) => `${name}=${encodeURIComponent(each)}`)
  })
  return `/records?${parameters.join('&')}`
}

/** @throws UsageError that names every fault. */
async function readMeters(file: string | undefined, env: NodeJS.ProcessEnv): Promise<readonly Meter[]> {
  const { json, from } =
    file === undefined ? await ofEnvironment(env) : ofFile(resolvePath('meter', file, env))
  const parsed = metersSchema.safeParse(json)
  if (parsed.success && parsed.data.length > 0) return parsed.data
  if (parsed.success) throw new UsageError(`${from} has no meter. Add one, or say what to count with --key.`)
  const faults = parsed.error.issues.map(({ path, message }) => `${z.core.toDotPath(path)} ${message}`.trim())
  throw new UsageError(`${from}: ${faults.join('; ')}.`)
}

type GivenMeters = { readonly json: string; readonly from: string }

function ofFile(path: string): GivenMeters {
  try {
    return { json: readFileSync(path, 'utf8'), from: path }
  } catch (error) {
    throw new UsageError(`--meters cannot be read: ${error instanceof Error ? error.message : error}.`)
  }
}

async function ofEnvironment({ METERS }: NodeJS.ProcessEnv): Promise<GivenMeters> {
  if (METERS !== undefined && METERS !== '') return { json: METERS, from: 'METERS' }
  const { vars } = await readWranglerConfig(join(import.meta.dirname, '../../../wrangler.toml'))
  const own: unknown = vars['METERS']
  return { json: typeof own === 'string' && own !== '' ? own : '[]', from: 'METERS in wrangler.toml' }
}
