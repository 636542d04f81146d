import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { BrokenBody, gunzipped } from '../../edge/http/gunzip.ts'
import { type AskedIncrement, type Excess, Gathering } from '../../edge/ingest/delivery/gathering.ts'
import { Metering } from '../../edge/ingest/formats/records/metering.ts'
import { Splitter } from '../../edge/ingest/formats/records/splitter.ts'
import { AHEAD_MS_MAX, LATE_HOURS_MAX } from '../../limits.ts'
import type { Grant } from '../../model/access/grant.ts'
import { hourOf } from '../../model/hour.ts'
import type { Meter } from '../../model/meter/meter.ts'
import { lateHoursSchema } from '../../model/schedule.ts'
import { CommandFailed } from '../cli.ts'

/** A token that may do everything, because what a real one may do is not the meter's fault. */
const ANYONE: Grant = { name: '', scopes: ['write', 'adjust'], prefix: null }

/** An increment that records would become. */
export type ShownIncrement = AskedIncrement & { readonly index: number }

/** The outcome of a trial. */
export type Trial = {
  readonly gathering: Gathering
  /** The first increments. */
  readonly shown: readonly ShownIncrement[]
  /** Increments of each key. */
  readonly byKey: ReadonlyMap<string, number>
  readonly hours: number
  readonly negative: number
  /** Increments of hours that are closed now, or have not begun. */
  readonly untimely: number
  readonly excess: Excess | undefined
}

type TrialTerms = { readonly nowMs: number; readonly shown: number; readonly openHours: number }

/** Keys that are counted one by one. The others are in the sums alone. */
const KEYS_MAX = 100_000

/** Gathers as the Worker does, and remembers what it was asked for. Any hour is open. */
class WatchedGathering extends Gathering {
  readonly shown: ShownIncrement[] = []
  readonly byKey = new Map<string, number>()
  readonly hoursSeen = new Set<number>()
  negative = 0
  untimely = 0
  readonly #shownMax: number
  readonly #openFromMs: number

  constructor(nowMs: number, shownMax: number, openHours: number) {
    super({ nowMs, lateHours: ALWAYS_OPEN, mayAdjust: true }, ANYONE)
    this.#shownMax = shownMax
    this.#openFromMs = nowMs - openHours * 3_600_000
  }

  override count(asked: AskedIncrement): boolean {
    const index = this.records - 1
    if (this.shown.length < this.#shownMax) this.shown.push({ index, ...asked })
    const { key, value, atMs } = asked
    if (value !== 0 && (this.byKey.has(key) || this.byKey.size < KEYS_MAX)) {
      this.byKey.set(key, (this.byKey.get(key) ?? 0) + 1)
    }
    if (value < 0) this.negative += 1
    if (atMs !== undefined) this.hoursSeen.add(hourOf(atMs))
    const isAhead = atMs !== undefined && atMs > this.terms.nowMs + AHEAD_MS_MAX
    if (isAhead || (atMs !== undefined && atMs < this.#openFromMs)) this.untimely += 1
    // A record that is ahead is refused in truth; here its time is only said.
    return super.count(isAhead ? { ...asked, atMs: this.terms.nowMs } : asked)
  }
}

const ALWAYS_OPEN = lateHoursSchema.parse(String(LATE_HOURS_MAX))

export async function tryMeters(
  input: Readable,
  meters: readonly Meter[],
  { nowMs, shown, openHours }: TrialTerms,
): Promise<Trial> {
  const watched = new WatchedGathering(nowMs, shown, openHours)
  const splitter = new Splitter(new Metering(watched, meters))
  try {
    for await (const piece of await decompressed(input)) splitter.push(piece)
  } catch (error) {
    if (error instanceof BrokenBody) throw new CommandFailed('The gzip of the records is cut off or damaged.')
    throw error
  }
  if (!splitter.end()) throw new CommandFailed('The JSON array of the records has no end.')
  const { excess, byKey, hoursSeen, negative, untimely } = watched
  return {
    gathering: watched,
    shown: watched.shown,
    byKey,
    hours: hoursSeen.size,
    negative,
    untimely,
    excess,
  }
}

async function decompressed(input: Readable): Promise<AsyncIterable<Uint8Array>> {
  if (!input.readable) await once(input, 'readable')
  const pieces = input[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>
  const first = await pieces.next()
  const all = (async function* () {
    for (let each = first; !each.done; each = await pieces.next()) yield each.value
  })()
  const isGzip = !first.done && first.value[0] === 0x1f && first.value[1] === 0x8b
  return isGzip ? gunzipped(all) : all
}
