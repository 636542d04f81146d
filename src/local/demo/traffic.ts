import { must } from '../../model/assert.ts'
import { type Hour, hourStartMs } from '../../model/hour.ts'
import { countOf } from './chance.ts'

/** Begins every key of the demo, so that `delete ... where key like 'demo/%'` takes them back. */
export const DEMO_PREFIX = 'demo/'

const SITES = ['shop.example', 'docs.example', 'blog.example']

const PAGES: Readonly<Record<string, readonly string[]>> = {
  'shop.example': ['home', 'pricing', 'cart', 'checkout', 'search', 'account', 'contact', 'about'],
  'docs.example': ['start', 'install', 'api/increment', 'api/counters', 'guides/badges', 'guides/sql', 'faq'],
  'blog.example': ['home', 'feed.xml', 'archive'],
}

/** A long tail: pages that few people know of. */
const TAIL: readonly (readonly [path: string, count: number])[] = [
  ['shop.example/product', 160],
  ['blog.example/post', 90],
  ['docs.example/reference', 50],
]

const OTHERS = [
  'downloads/cli-linux',
  'downloads/cli-macos',
  'downloads/cli-windows',
  'signups',
  'mail/delivered',
]

/** The most popular keys first, and each a little less popular than the one before: Zipf's law over some 320 keys. */
export const KEYS: readonly string[] = [
  ...interleaved(
    SITES.map((site) => must(PAGES[site], 'the pages of a site').map((page) => `${site}/${page}`)),
  ),
  ...OTHERS,
  ...interleaved(
    TAIL.map(([path, count]) =>
      Array.from({ length: count }, (_, i) => `${path}-${String(i + 1).padStart(3, '0')}`),
    ),
  ),
].map((key) => DEMO_PREFIX + key)

function interleaved(lists: readonly (readonly string[])[]): string[] {
  const longest = Math.max(...lists.map(({ length }) => length))
  return Array.from({ length: longest }, (_, i) => lists.flatMap((list) => list.slice(i, i + 1))).flat()
}

/** The exponent of Zipf's law: how far the popular keys stand out. */
const STEEPNESS = 0.9

const WEIGHTS = KEYS.map((_, i) => 1 / (i + 1) ** STEEPNESS)
const ALL = WEIGHTS.reduce((a, b) => a + b, 0)

/** A key by its weight, for a number in [0, 1). */
export function keyAt(share: number): string {
  let rest = share * ALL
  const at = WEIGHTS.findIndex((weight) => {
    rest -= weight
    return rest < 0
  })
  return must(KEYS.at(at), 'a key')
}

/**
 * How busy a time is, 1 on the average of a weekday: people sleep, come in the morning and once more in the evening, and come
 * less at the weekend.
 *
 * @param localMs the time on these people's clocks, as the epoch ms at which UTC shows it
 */
export function rhythm(localMs: number): number {
  const date = new Date(localMs)
  const hour = date.getUTCHours() + date.getUTCMinutes() / 60
  const day = 0.25 + 1.15 * bump(hour, 11, 4) + 0.95 * bump(hour, 20, 2.6)
  const isWeekend = date.getUTCDay() % 6 === 0
  return (isWeekend ? 0.65 : 1) * 1.25 * day
}

function bump(hour: number, at: number, wide: number): number {
  const apart = Math.min(Math.abs(hour - at), 24 - Math.abs(hour - at))
  return Math.exp(-((apart / wide) ** 2) / 2)
}

export type DemoIncrement = {
  readonly key: string
  readonly value: number
  /** Epoch milliseconds. */
  readonly at: number
  readonly id?: string
}

type Traffic = {
  /** Increments a second on the average of a weekday. */
  readonly rate: number
  /** How far people's clocks are ahead of UTC. */
  readonly offsetMs: number
  readonly chance: () => number
}

/** The increments of some milliseconds from a time on. */
export function trafficOf(fromMs: number, ms: number, { rate, offsetMs, chance }: Traffic): DemoIncrement[] {
  const count = countOf((rate * rhythm(fromMs + offsetMs) * ms) / 1000, chance)
  return Array.from({ length: count }, () => {
    return { key: keyAt(chance()), value: 1, at: fromMs + Math.floor(chance() * ms) }
  })
}

/**
 * The increments of a whole hour of the past, one for each key. Each has an id, so that a demo that is run again does not count
 * it again.
 */
export function pastHour(hour: Hour, { rate, offsetMs, chance }: Traffic): DemoIncrement[] {
  const startMs = hourStartMs(hour)
  const expected = rate * 3600 * rhythm(startMs + 1_800_000 + offsetMs)
  return KEYS.flatMap((key, i): DemoIncrement[] => {
    // Each page has days of its own, better and worse.
    const mood = 0.7 + 0.6 * chance()
    const value = countOf((expected * mood * must(WEIGHTS[i], 'the weight of a key')) / ALL, chance)
    return value === 0 ? [] : [{ key, value, at: startMs, id: 'demo' }]
  })
}
