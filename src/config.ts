import { z } from 'zod'
import type { DatabaseAddress } from './address.ts'
import { databaseVariables, parseDatabase } from './config/database.ts'
import { hitPathSchema } from './config/hit-path.ts'
import { RETENTION_DAYS_MAX } from './limits.ts'
import { tokenNameFault } from './model/access/grant.ts'
import { tokenSecretsSchema } from './model/access/signed-token.ts'
import type { Token } from './model/access/token.ts'
import { tokensSchema } from './model/access/token.ts'
import { retentionDaysMin } from './model/closing.ts'
import { check, prefixFault } from './model/key.ts'
import { metersSchema } from './model/meter/definition.ts'
import type { Meter } from './model/meter/meter.ts'
import type { Schedule } from './model/schedule.ts'
import { lateHoursSchema, shardsSchema } from './model/schedule.ts'
import { commaSeparated } from './model/text/variable-text.ts'

/** The settings of a deployment. `parseConfig` alone reads the environment, once for each isolate. */
export type Config = {
  /** Where Postgres is. Its connection string is a secret. */
  readonly database: DatabaseAddress | undefined
  readonly flushIntervalMs: number
  readonly shards: Schedule
  readonly lateHours: Schedule
  readonly lingerMs: number
  /** Where Cloudflare should make the shards; undefined lets it choose. */
  readonly location: Location | undefined
  /** Days that hours are kept in Postgres after their end; undefined keeps them for ever. */
  readonly retentionDays: number | undefined
  /** Who may do what. Without tokens and secrets nobody may do anything, unless `isOpen`. [S1] */
  readonly tokens: readonly Token[]
  /** Secrets that sign tokens. The first is the newest, and a second one is on its way out. */
  readonly tokenSecrets: readonly string[]
  /** Names of tokens that are refused, signed ones and others. */
  readonly revokedTokens: readonly string[]
  /** Whether everyone may do everything except adjust. Only `npm run dev` opens a Worker in this way. [S1] */
  readonly isOpen: boolean
  /** Origins whose pages may call the API, such as `https://example.com`. */
  readonly allowedOrigins: readonly string[]
  /** Where page views are counted: with `/hit`, at `/hit/{key}`, and the script is `/hit.js`. */
  readonly hitPath: string
  /** Prefixes in whole segments; everyone may read the keys under them as badges. */
  readonly publicPrefixes: readonly string[]
  /** How records in foreign formats become increments, by name. */
  readonly meters: readonly Meter[]
}

const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, { error: 'must be a whole number', abort: true })
    .transform(Number)
    .pipe(z.number().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`))

/** Cloudflare's hints for where a Durable Object lives. Source: DurableObjectLocationHint of @cloudflare/workers-types. */
const LOCATIONS = [
  'wnam',
  'enam',
  'sam',
  'weur',
  'eeur',
  'apac',
  'apac-ne',
  'apac-se',
  'oc',
  'afr',
  'me',
] as const

type Location = (typeof LOCATIONS)[number]

const ORIGIN = 'must be an origin such as https://example.com, without a path, a slash at the end or *'

const origins = commaSeparated.pipe(z.array(z.string().refine(isOrigin, ORIGIN)))

const prefixes = commaSeparated.pipe(z.array(z.string().check(check(prefixFault))))

function isOrigin(text: string): boolean {
  return /^https?:/.test(text) && URL.parse(text)?.origin === text
}

const names = commaSeparated.pipe(z.array(z.string().check(check(tokenNameFault))))

/** An empty variable counts as unset. */
const emptyAsUnset = (text: unknown) => (text === '' ? undefined : text)

export const LATE_HOURS_DEFAULT = '72'

const variables = z.object({
  FLUSH_INTERVAL_SECONDS: wholeNumber(1, 3600).default(5),
  SHARDS: shardsSchema.prefault('1'),
  LATE_HOURS: lateHoursSchema.prefault(LATE_HOURS_DEFAULT),
  LINGER_MS: wholeNumber(0, 1000).default(25),
  LOCATION: z.preprocess(
    emptyAsUnset,
    z.enum(LOCATIONS, { error: `must be one of ${LOCATIONS.join(', ')}` }).optional(),
  ),
  RETENTION_DAYS: z.preprocess(emptyAsUnset, wholeNumber(1, RETENTION_DAYS_MAX).optional()),
  ALLOWED_ORIGINS: origins.prefault(''),
  PUBLIC_PREFIXES: prefixes.prefault(''),
  METERS: z.preprocess(emptyAsUnset, metersSchema.prefault('[]')),
  HIT_PATH: hitPathSchema.prefault(''),
  API_TOKENS: tokensSchema.optional(),
  TOKEN_SECRET: tokenSecretsSchema.prefault(''),
  REVOKED_TOKENS: names.prefault(''),
  DEV_ACCESS: z.literal('open', { error: 'is set by `npm run dev` only: remove it' }).optional(),
})

const environmentSchema = variables.superRefine(({ RETENTION_DAYS, LATE_HOURS }, ctx) => {
  const least = retentionDaysMin(LATE_HOURS)
  if (RETENTION_DAYS === undefined || RETENTION_DAYS >= least) return
  const message = `must be at least ${least} with this LATE_HOURS, so that no hour is deleted before it is final`
  ctx.addIssue({ code: 'custom', path: ['RETENTION_DAYS'], message })
})

/** The names of all variables that Sumdial reads. */
export const VARIABLES: readonly string[] = [variables, databaseVariables].flatMap(({ shape }) =>
  Object.keys(shape),
)

/** A faulty environment. Names every bad variable and its fault, and never repeats a value, which may be a secret. */
export class ConfigError extends Error {
  override name = 'ConfigError'
  /** Each begins with the name of its variable. */
  readonly faults: readonly string[]

  constructor(faults: readonly string[]) {
    super(`The configuration has faults: ${faults.join('; ')}`)
    this.faults = faults
  }
}

/** @throws ConfigError naming every bad variable. */
export function parseConfig(env: object): Config {
  const database = parseDatabase(env)
  const parsed = environmentSchema.safeParse(env)
  if (!database.ok || !parsed.success) {
    const faults = parsed.error?.issues.map(({ path, message }) => `${z.core.toDotPath(path)} ${message}`)
    throw new ConfigError([...(database.ok ? [] : database.error), ...(faults ?? [])])
  }
  return {
    database: database.value,
    flushIntervalMs: parsed.data.FLUSH_INTERVAL_SECONDS * 1000,
    shards: parsed.data.SHARDS,
    lateHours: parsed.data.LATE_HOURS,
    lingerMs: parsed.data.LINGER_MS,
    location: parsed.data.LOCATION,
    retentionDays: parsed.data.RETENTION_DAYS,
    tokens: parsed.data.API_TOKENS ?? [],
    tokenSecrets: parsed.data.TOKEN_SECRET,
    revokedTokens: parsed.data.REVOKED_TOKENS,
    isOpen: isOpen(parsed.data),
    allowedOrigins: parsed.data.ALLOWED_ORIGINS,
    publicPrefixes: parsed.data.PUBLIC_PREFIXES,
    meters: parsed.data.METERS,
    hitPath: parsed.data.HIT_PATH,
  }
}

/** A Worker with tokens, or with a secret that signs some, is never open. [S1] */
function isOpen({ DEV_ACCESS, API_TOKENS, TOKEN_SECRET }: z.output<typeof variables>): boolean {
  return DEV_ACCESS === 'open' && API_TOKENS === undefined && TOKEN_SECRET.length === 0
}
