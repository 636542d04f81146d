import { setTimeout as after } from 'node:timers/promises'
import { REQUEST_ITEMS_MAX } from '../../limits.ts'
import { addHours, hourOf } from '../../model/hour.ts'
import { postTo } from '../import/post.ts'
import { chanceOf } from './chance.ts'
import { type Look, looker } from './look.ts'
import type { Options } from './options.ts'
import { type DemoIncrement, pastHour, trafficOf } from './traffic.ts'

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
export async function runDemo(demo: Demo): Promise<boolean> {
  const { options, progress, interrupt } = demo
  const { rate, seed } = options
  const offsetMs = -new Date().getTimezoneOffset() * 60_000
  const send = sender(options)
  const traffic = { rate, offsetMs, chance: chanceOf(seed) }
  await fillPast(demo, offsetMs, send)
  if (interrupt.aborted) return true
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
  { options: { pastHours, rate, seed }, interrupt, say }: Demo,
  offsetMs: number,
  send: Send,
): Promise<void> {
  const now = hourOf(Date.now())
  let filled = 0
  for (let hour = addHours(now, -1); hour >= now - pastHours; hour = addHours(hour, -1)) {
    const items = pastHour(hour, { rate, offsetMs, chance: chanceOf(seed * 1_000_003 + hour) })
    const { trouble } = await send(items.slice(0, REQUEST_ITEMS_MAX))
    if (trouble === '') filled += 1
    if (trouble !== '' || interrupt.aborted) {
      say(`${filled} hours of the past filled; no more: ${trouble || 'interrupted'}`)
      return
    }
  }
  if (pastHours > 0) say(`${filled} hours of the past filled`)
}

function watch(look: Look, progress: Progress, interrupt: AbortSignal): AbortController {
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

async function lookOnce(look: Look, progress: Progress): Promise<void> {
  try {
    progress.visible = await look()
  } catch (error) {
    progress.trouble = error instanceof Error ? error.message.slice(0, 200) : String(error)
  }
}

async function settle(look: Look, progress: Progress): Promise<void> {
  const untilMs = Date.now() + SETTLE_MS
  while (progress.visible < progress.acknowledged && Date.now() < untilMs) {
    await after(LOOK_MS)
    await lookOnce(look, progress)
  }
}
