import type { CounterAnswer } from '../../src/edge/read/answers.ts'
import type { Hour } from '../../src/model/hour.ts'
import { addHours, formatHourStart, hourOf } from '../../src/model/hour.ts'

/** The writers' knowledge of a key in an hour. Values are small, so numbers are exact. */
type Known = { sum: number; count: number }

const NOTHING: Known = { sum: 0, count: 0 }

/** Sums that were acknowledged, and sums that were sent at all, by key and hour. */
export class KnownSums {
  readonly #acknowledged = new Map<string, Known>()
  readonly #sent = new Map<string, Known>()

  send(key: string, hour: Hour, value: number): void {
    add(this.#sent, key, hour, value)
  }

  acknowledge(key: string, hour: Hour, value: number): void {
    add(this.#acknowledged, key, hour, value)
  }

  acknowledged(key: string, hours: readonly Hour[]): Known {
    return total(this.#acknowledged, key, hours)
  }

  sent(key: string, hours: readonly Hour[]): Known {
    return total(this.#sent, key, hours)
  }
}

function add(book: Map<string, Known>, key: string, hour: Hour, value: number): void {
  const { sum, count } = book.get(`${hour} ${key}`) ?? NOTHING
  book.set(`${hour} ${key}`, { sum: sum + value, count: count + 1 })
}

function total(book: ReadonlyMap<string, Known>, key: string, hours: readonly Hour[]): Known {
  const all = hours.map((hour) => book.get(`${hour} ${key}`) ?? NOTHING)
  return all.reduce((a, b) => ({ sum: a.sum + b.sum, count: a.count + b.count }), NOTHING)
}

/** Where and with what a run reads and writes. */
export type Scene = {
  readonly url: string
  readonly known: KnownSums
  readonly keys: readonly string[]
  /** That writers write into, ascending. */
  readonly hours: readonly Hour[]
  readonly random: () => number
}

export type WriteReport = { acknowledged: number; unknown: number }

/** Counts one to three increments of any keys and hours, until told to stop. */
export async function write({ url, known, ...scene }: Scene, stopping: AbortSignal): Promise<WriteReport> {
  const report = { acknowledged: 0, unknown: 0 }
  while (!stopping.aborted) {
    const items = Array.from({ length: 1 + Math.floor(scene.random() * 3) }, () => ({
      key: pick(scene.keys, scene.random),
      hour: pick(scene.hours, scene.random),
      value: 1 + Math.floor(scene.random() * 1000),
    }))
    for (const { key, hour, value } of items) known.send(key, hour, value)
    const body = JSON.stringify(items.map(({ hour, ...item }) => ({ ...item, at: formatHourStart(hour) })))
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(`${url}/increment`, { method: 'POST', headers, body })
    await response.arrayBuffer()
    if (response.status === 202) for (const { key, hour, value } of items) known.acknowledge(key, hour, value)
    report[response.status === 202 ? 'acknowledged' : 'unknown'] += items.length
  }
  return report
}

/** One read and what it may say: every bound was taken before it began, or after it had ended. */
export type CheckedRead = {
  readonly beganMs: number
  readonly endedMs: number
  readonly status: number
  readonly retryAfter: string | null
  /** Of all of its keys. */
  readonly pending: number
  readonly faults: readonly string[]
}

/** Reads one to three keys, by the hour or by the day of some zone, as far back as writers write or less. */
export async function read(scene: Scene): Promise<CheckedRead> {
  const { random, hours, known } = scene
  const keys = scene.keys.toSorted(() => random() - 0.5).slice(0, 1 + Math.floor(random() * 3))
  const before = new Map(keys.map((key) => [key, knownOf(scene, key)]))
  const search = new URLSearchParams()
  for (const key of keys) search.append('key', key)
  search.set('from', formatHourStart(hours[0] ?? hourOf(0)))
  if (random() < 0.7) search.set('freshHours', String(hourOf(Date.now()) - (hours[0] ?? 0)))
  if (random() < 0.3) search.set('bucket', 'day')
  if (random() < 0.5) search.set('tz', 'Asia/Kolkata')
  const beganMs = performance.now()
  const response = await fetch(`${scene.url}/counters?${search}`)
  const body: unknown = await response.json()
  const endedMs = performance.now()
  const { status, headers } = response
  const ending = { beganMs, endedMs, status, retryAfter: headers.get('retry-after') }
  if (status !== 200) return { ...ending, pending: 0, faults: [] }
  const answers = answersOf(body)
  const faults = answers.flatMap((answer) =>
    faultsOf(answer, before.get(answer.key) ?? new Map(), known, hours),
  )
  return { ...ending, pending: answers.reduce((sum, { pending }) => sum + (pending ?? 0), 0), faults }
}

function answersOf(body: unknown): readonly CounterAnswer[] {
  const answer = body as CounterAnswer | { items: readonly CounterAnswer[] }
  return 'items' in answer ? answer.items : [answer]
}

function knownOf({ known, hours }: Scene, key: string): Map<Hour, Known> {
  return new Map(hours.map((hour) => [hour, known.acknowledged(key, [hour])]))
}

/**
 * None below what was acknowledged before, in the hours from `freshFrom` on; none above what was sent by now. Where
 * it reads by the day, its total alone is held against them.
 */
function faultsOf(
  answer: CounterAnswer,
  before: ReadonlyMap<Hour, Known>,
  known: KnownSums,
  hours: readonly Hour[],
): string[] {
  const freshFrom = hourOf(Date.parse(answer.freshFrom ?? ''))
  const bounds = (own: readonly Hour[]) => ({
    least: total(
      new Map(own.map((hour) => [`${hour} `, before.get(hour) ?? NOTHING])),
      '',
      own.filter((h) => h >= freshFrom),
    ),
    most: known.sent(answer.key, own),
  })
  const told = [
    { what: 'total', own: hours, said: answer.total },
    ...(answer.bucket === 'hour'
      ? answer.buckets.map(({ start, ...said }) => ({ what: start, own: [hourOf(Date.parse(start))], said }))
      : []),
  ]
  return told.flatMap(({ what, own, said }) => {
    const { least, most } = bounds(own)
    const [sum, count] = [Number(said.sum), said.count]
    const isRight = sum >= least.sum && count >= least.count && sum <= most.sum && count <= most.count
    return isRight
      ? []
      : [`${answer.key} ${what}: ${JSON.stringify({ least, sum, count, most, freshFrom: answer.freshFrom })}`]
  })
}

function pick<T>(all: readonly T[], random: () => number): T {
  const one = all[Math.floor(random() * all.length)]
  if (one === undefined) throw new Error('nothing to pick from')
  return one
}

/** This hour more often than those some way back, which take what comes late. */
export function hoursToWrite(now: Hour): Hour[] {
  return [addHours(now, -6), addHours(now, -3), addHours(now, -1), now, now]
}
