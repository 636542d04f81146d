import { parseArgs } from 'node:util'

export const HELP = `Counts traffic that looks real, so that there is something to see.

  npm run demo [-- options]

  --rate N       increments a second on an average of a day (20)
  --for TIME     such as 90s, 10m or 2h (until Ctrl-C)
  --past HOURS   how many hours before this one are filled first, as far as they are open (48)
  --url URL      where the Worker is (SUMDIAL_URL; http://127.0.0.1:8787)
  --token TOKEN  sent as "Authorization: Bearer" (SUMDIAL_TOKEN, which no process list shows); it must write and read
  --seed N       another traffic, and the same again for the same number (1)
  --help

All keys begin with demo/. What is past is counted once, however often the demo is run. What is visible is all that
demo/ has gained since the start: of two demos at a time, each sees the other's too.
Exits with 0 when everything that was acknowledged is in Postgres, 1 when not, 2 when called wrongly.
`

export type Options = {
  readonly help: boolean
  readonly rate: number
  /** Null until somebody interrupts. */
  readonly forMs: number | null
  readonly pastHours: number
  readonly url: URL
  readonly token: string | undefined
  readonly seed: number
}

/** Called wrongly. The message says how, and is all that needs to be shown. */
export class UsageError extends Error {}

const RATE_MAX = 5_000
const PAST_HOURS_MAX = 24 * 60

/** @throws UsageError */
export function parseOptions(args: readonly string[], env: NodeJS.ProcessEnv): Options {
  const values = parse(args)
  const { SUMDIAL_TOKEN, SUMDIAL_URL } = env
  const token = values.token ?? SUMDIAL_TOKEN
  return {
    help: values.help,
    rate: wholeNumber('--rate', values.rate, 1, RATE_MAX),
    forMs: values.for === undefined ? null : parseTime(values.for),
    pastHours: wholeNumber('--past', values.past, 0, PAST_HOURS_MAX),
    url: parseUrl(values.url ?? (SUMDIAL_URL || 'http://127.0.0.1:8787')),
    token: token === '' ? undefined : token,
    seed: wholeNumber('--seed', values.seed, 0, 2 ** 31),
  }
}

function parse(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        rate: { type: 'string', default: '20' },
        for: { type: 'string' },
        past: { type: 'string', default: '48' },
        url: { type: 'string' },
        token: { type: 'string' },
        seed: { type: 'string', default: '1' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
    return values
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new UsageError(error.message)
  }
}

function wholeNumber(name: string, text: string, min: number, max: number): number {
  const number = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  if (number >= min && number <= max) return number
  throw new UsageError(`${name} ${text}: a whole number from ${min} to ${max}`)
}

const UNITS = { s: 1_000, m: 60_000, h: 3_600_000 } as const

function parseTime(text: string): number {
  const [, number, unit] = /^(\d{1,6})([smh])$/.exec(text) ?? []
  if (number === undefined) throw new UsageError(`--for ${text}: a time such as 90s, 10m or 2h`)
  return Number(number) * UNITS[unit as keyof typeof UNITS]
}

function parseUrl(text: string): URL {
  const url = URL.parse(text)
  if (url !== null && /^https?:$/.test(url.protocol)) return url
  throw new UsageError(`--url ${text}: not an http or https URL`)
}
