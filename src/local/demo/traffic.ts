import { type Hour, hourStartMs } from '../../model/hour.ts'
import { countOf } from './chance.ts'

/** All of the demo's keys are under it, so that `delete ... where key like 'demo/%'` takes them back. */
export const DEMO_PREFIX = 'demo/'

const SITES = ['shop.example', 'docs.example', 'blog.example']

const PAGES: Readonly<Record<string, readonly string[]>> = {
  'shop.example': ['home', 'pricing', 'cart', 'checkout', 'search', 'account', 'contact', 'about'],
  'docs.example': ['start', 'install', 'api/increment', 'api/counters', 'guides/badges', 'guides/sql', 'faq'],
  'blog.example': ['home', 'feed.xml', 'archive'],
}

/** A long tail: pages that few know of. */
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

/** A few that everyone knows first, then each a little less: Zipf's law over some 320 keys. */
export const KEYS: readonly string[] = [
  ...interleaved(SITES.map((site) => (PAGES[site] ?? []).map((page) => `${site}/${page}`))),
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

/** How far the head stands out. */
const STEEPNESS = 0.9

const WEIGHTS = KEYS.map((_, i) => 1 / (i + 1) ** STEEPNESS)
const ALL = WEIGHTS.reduce((a, b) => a + b, 0)

/** A key by its weight, for a number in [0, 1). */
export function keyAt(share: number): string {
  let rest = share * ALL
  for (const [i, weight] of WEIGHTS.entries()) {
    rest -= weight
    if (rest < 0) return KEYS[i] ?? ''
  }
  return KEYS.at(-1) ?? ''
}

/**
 * How busy a time is, 1 on an average of a weekday: people sleep, come in the morning, come once more in the evening,
 * and less at the weekend.
 *
 * @param localMs what the clocks of these people show, as epoch ms of UTC's that show the same.
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
  readonly at: string
  readonly id?: string
}

type Traffic = {
  /** Increments a second on an average of a weekday. */
  readonly rate: number
  /** By how much people's clocks are ahead of UTC. */
  readonly offsetMs: number
  readonly chance: () => number
}

/** What comes within some milliseconds from a time on. */
export function trafficOf(fromMs: number, ms: number, { rate, offsetMs, chance }: Traffic): DemoIncrement[] {
  const count = countOf((rate * rhythm(fromMs + offsetMs) * ms) / 1000, chance)
  return Array.from({ length: count }, () => {
    return { key: keyAt(chance()), value: 1, at: new Date(fromMs + Math.floor(chance() * ms)).toISOString() }
  })
}

/**
 * All of an hour that is past, by one increment for each key. Each has an id, so that a demo that is run again does not
 * count it again.
 */
export function pastHour(hour: Hour, { rate, offsetMs, chance }: Traffic): DemoIncrement[] {
  const startMs = hourStartMs(hour)
  const expected = rate * 3600 * rhythm(startMs + 1_800_000 + offsetMs)
  const at = new Date(startMs).toISOString()
  return KEYS.flatMap((key, i): DemoIncrement[] => {
    // Each page has days of its own, better and worse.
    const mood = 0.7 + 0.6 * chance()
    const value = countOf((expected * mood * (WEIGHTS[i] ?? 0)) / ALL, chance)
    return value === 0 ? [] : [{ key, value, at, id: 'demo' }]
  })
}
