import type { CounterAnswer } from '../../src/edge/read/answers.ts'
import type { Hour, HourRange } from '../../src/model/hour.ts'
import { addHours, hourOf, parseHour } from '../../src/model/hour.ts'
import { UTC } from '../../src/model/time/zone.ts'
import type { Increment } from '../support/increments.ts'
import type { Book } from './book.ts'
import type { Isolate } from './isolate.ts'
import { Violation } from './scheduler.ts'
import { placeOf } from './tables.ts'
import type { World } from './world.ts'

/** The book's entries for one key and hour when a read begins. */
type Before = { readonly due: readonly Increment[]; readonly discarded: readonly Increment[] }

/**
 * Reads the last hours fresh, and checks that everything acknowledged before the read began is in the answer. [R1]
 */
export async function readFresh(world: World, isolate: Isolate, key: string): Promise<void> {
  const { book, isExact } = world
  const hour = hourOf(isolate.nowMs)
  const range = { from: addHours(hour, -2), to: addHours(hour, 2) }
  const before = beforeOf(book, key, range)
  // Decided by the time and not by chance, because the draws of chance belong to the clients: whether the read goes as
  // far back as the range does.
  const freshHours = 1 + (isolate.nowMs % 2)
  const answers = await isolate.read({
    keys: [key],
    range,
    previous: null,
    unit: 'hour',
    zone: UTC,
    freshHours,
    isUnsettled: false,
  })
  if (!answers.ok || !isExact) return
  for (const answer of answers.value) check(book, answer, before)
  world.reads += 1
}

function beforeOf(book: Book, key: string, { from, to }: HourRange): Map<Hour, Before> {
  const before = new Map<Hour, Before>()
  for (let hour = from; hour < to; hour = addHours(hour, 1)) {
    const place = placeOf(key, hour)
    before.set(hour, { due: book.due(place), discarded: book.discarded(place) })
  }
  return before
}

/** Checks an answer. Of what is discarded during the read, the answer may show the state before or after. */
function check(book: Book, { key, freshFrom, buckets }: CounterAnswer, before: ReadonlyMap<Hour, Before>) {
  for (const bucket of buckets) {
    const hour = hourOfStart(bucket.start)
    const place = placeOf(key, hour)
    const { due, discarded } = before.get(hour) ?? { due: [], discarded: [] }
    book.checkNoneTwice(place, bucket)
    book.checkNoneOf(discarded, place, bucket)
    if (hour >= hourOfStart(freshFrom)) book.checkAllOf(due, place, bucket, '[R1] in a fresh read')
  }
}

/** The hour that an answer names. */
function hourOfStart(text: string | null): Hour {
  const hour = parseHour(`${text?.slice(0, 13)}Z`)
  if (hour === undefined) throw new Violation(`[R2] ${text} is not the start of an hour`)
  return hour
}
