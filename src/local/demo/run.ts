import { setTimeout as after } from 'node:timers/promises'
import { REQUEST_ITEMS_MAX } from '../../limits.ts'
import { addHours, formatHourStart, hourOf } from '../../model/hour.ts'
import { postTo } from '../import/post.ts'
import { chanceOf } from './chance.ts'
import type { Options } from './options.ts'
import { DEMO_PREFIX, type DemoIncrement, pastHour, trafficOf } from './traffic.ts'

/** How often a request leaves: often enough to look like people. */
const TICK_MS = 250

/** How often Postgres is asked how far it is. */
const LOOK_MS = 1_000

/** How long the last of it may take to be in Postgres: a flush interval, unless that was set very long. */
const SETTLE_MS = 30_000

/** What became of the traffic so far, in increments. */
export type Progress = { sent: number; acknowledged: number; visible: number; trouble: string }

type Demo = {
  readonly options: Options
  readonly progress: Progress
  /** Fired: send no more. */
  readonly interrupt: AbortSignal
  readonly say: (text: string) => void
}

/**
 * Fills the past, then sends as time goes by, and looks in Postgres for what has come there.
 *
 * @returns whether all that was acknowledged is there.
 */
export async function runDemo({ options, progress, interrupt, say }: Demo): Promise<boolean> {
  const { rate, seed } = options
  const offsetMs = -new Date().getTimezoneOffset() * 60_000
  const send = sender(options)
  const traffic = { rate, offsetMs, chance: chanceOf(seed) }
  await fillPast(options, offsetMs, send, say)
  const look = await looker(options)
  const watching = watch(look, progress, interrupt)
  const endMs = options.forMs === null ? Number.POSITIVE_INFINITY : Date.now() + options.forMs
  for (let fromMs = Date.now(); fromMs < endMs && !interrupt.aborted; ) {
    await after(TICK_MS, undefined, { signal: interrupt }).catch(() => undefined)
    const nowMs = Date.now()
    const items = trafficOf(fromMs, nowMs - fromMs, traffic)
    progress.sent += items.length
    if (items.length > 0) await deliver(items, send, progress)
    fromMs = nowMs
  }
  await settle(look, progress)
  watching.abort()
  return progress.acknowledged === progress.sent && progress.visible >= progress.acknowledged
}

type Send = (
  items: readonly DemoIncrement[],
) => Promise<{ readonly accepted: number; readonly trouble: string }>

function sender({ url, token }: Options): Send {
  const post = postTo(url, token)
  return async (items) => {
    const answer = await post(JSON.stringify(items))
    if (answer.kind === 'failed') return { accepted: 0, trouble: answer.reason }
    const { accepted = 0, detail = '' } = answer.body as { accepted?: number; detail?: string }
    return { accepted, trouble: answer.status === 202 ? '' : `${answer.status} ${detail}`.trim() }
  }
}

async function deliver(items: readonly DemoIncrement[], send: Send, progress: Progress): Promise<void> {
  const { accepted, trouble } = await send(items)
  progress.acknowledged += accepted
  progress.trouble = trouble
}

/** An hour of the past has a chance of its own, so that it is the same whenever it is filled. */
async function fillPast(
  { pastHours, rate, seed }: Options,
  offsetMs: number,
  send: Send,
  say: (text: string) => void,
): Promise<void> {
  const now = hourOf(Date.now())
  let filled = 0
  for (let hour = addHours(now, -1); hour >= now - pastHours; hour = addHours(hour, -1)) {
    const items = pastHour(hour, { rate, offsetMs, chance: chanceOf(seed * 1_000_003 + hour) })
    const { trouble } = await send(items.slice(0, REQUEST_ITEMS_MAX))
    if (trouble !== '') {
      say(`${filled} hours of the past filled; no more: ${trouble}`)
      return
    }
    filled += 1
  }
  if (pastHours > 0) say(`${filled} hours of the past filled`)
}

/** How many of the demo's increments of now Postgres has, beyond those that it had before. */
async function looker({ url, token }: Options): Promise<() => Promise<number>> {
  const from = formatHourStart(addHours(hourOf(Date.now()), 0))
  const address = new URL('/counters', url)
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const count = async () => {
    const to = formatHourStart(addHours(hourOf(Date.now()), 1))
    const search = { prefix: DEMO_PREFIX, bucket: 'month', consistency: 'committed', from, to }
    address.search = String(new URLSearchParams(search))
    const response = await fetch(address, { headers })
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
    const { total } = (await response.json()) as { total: { count: number } }
    return total.count
  }
  const before = await count()
  return async () => (await count()) - before
}

function watch(look: () => Promise<number>, progress: Progress, interrupt: AbortSignal): AbortController {
  const over = new AbortController()
  const loop = async () => {
    while (!over.signal.aborted && !interrupt.aborted) {
      await lookOnce(look, progress)
      await after(LOOK_MS, undefined, { signal: over.signal }).catch(() => undefined)
    }
  }
  void loop()
  return over
}

async function lookOnce(look: () => Promise<number>, progress: Progress): Promise<void> {
  try {
    progress.visible = await look()
  } catch (error) {
    progress.trouble = error instanceof Error ? error.message.slice(0, 200) : String(error)
  }
}

async function settle(look: () => Promise<number>, progress: Progress): Promise<void> {
  const untilMs = Date.now() + SETTLE_MS
  while (progress.visible < progress.acknowledged && Date.now() < untilMs) {
    await after(LOOK_MS)
    await lookOnce(look, progress)
  }
}
