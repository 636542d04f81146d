import { parseFlags, parseWholeNumber, parseWorkerAddress, UsageError } from '../cli.ts'

export const HELP = `Counts traffic that looks real, so that there is something to see.

  npm run demo [-- options]

  --rate N       increments a second on the average of a day (20)
  --for TIME     how long, such as 90s, 10m or 2h (until Ctrl-C)
  --past HOURS   how many hours before this one are filled first, as far as they are open (48)
  --url URL      where the Worker is (SUMDIAL_URL; http://127.0.0.1:8787)
  --token TOKEN  sent as "Authorization: Bearer" (SUMDIAL_TOKEN, which no process list shows); it must write and read
  --seed N       other numbers make other traffic; the same number makes the same traffic again (1)
  --help

All keys begin with demo/. The past is counted once, however often you run the demo. "Visible" is everything that
demo/ has gained in Postgres since the start: if two demos run at a time, each also sees the increments of the other.

Exits with 0 when everything that was sent is in Postgres, with 1 when not, with 2 when called wrongly.
`

export const FLAGS = {
  rate: { type: 'string', default: '20' },
  for: { type: 'string' },
  past: { type: 'string', default: '48' },
  url: { type: 'string' },
  token: { type: 'string' },
  seed: { type: 'string', default: '1' },
} as const

export type Options = {
  readonly rate: number
  /** How long the demo runs; null until somebody interrupts it. */
  readonly forMs: number | null
  readonly pastHours: number
  readonly url: URL
  readonly token: string | undefined
  readonly seed: number
}

const RATE_MAX = 5_000
const PAST_HOURS_MAX = 24 * 60

/** @throws UsageError */
export function parseOptions(args: readonly string[], env: NodeJS.ProcessEnv): Options {
  const { values } = parseFlags(args, FLAGS)
  return {
    ...parseWorkerAddress(values, env),
    rate: parseWholeNumber('--rate', values.rate, 1, RATE_MAX),
    forMs: values.for === undefined ? null : parseTime(values.for),
    pastHours: parseWholeNumber('--past', values.past, 0, PAST_HOURS_MAX),
    seed: parseWholeNumber('--seed', values.seed, 0, 2 ** 31),
  }
}

const UNITS = { s: 1_000, m: 60_000, h: 3_600_000 } as const

function parseTime(text: string): number {
  const [, number, unit] = /^(\d{1,6})([smh])$/.exec(text) ?? []
  if (number === undefined)
    throw new UsageError(`--for must be a time such as 90s, 10m or 2h, not \`${text}\`.`)
  return Number(number) * UNITS[unit as keyof typeof UNITS]
}
