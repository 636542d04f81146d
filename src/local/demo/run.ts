import { setTimeout as after } from 'node:timers/promises'
import { createClient, type Sumdial } from '../../client/index.ts'
import { addHours, hourOf } from '../../model/hour.ts'
import { chanceOf } from './chance.ts'
import { type Look, looker } from './look.ts'
import type { Options } from './options.ts'
import { type DemoIncrement, pastHour, trafficOf } from './traffic.ts'

/** Between two requests: short enough to look like people. */
const TICK_MS = 250

/** Between two looks in Postgres. */
const LOOK_MS = 1_000

/** How long an hour of the past may take to be acknowledged, before no more hours are filled. */
const PAST_HOUR_MS = 10_000

/** How long the last increments may take to be in Postgres: a flush interval, unless that was set very long. */
const END_WAIT_MS = 30_000

/** How far the demo is, in increments. `trouble` is empty while all is well. */
export type DemoProgress = { sent: number; acknowledged: number; visible: number; trouble: string }

type Demo = {
  readonly options: Options
  readonly progress: DemoProgress
  /** Once it fires, nothing more is sent. */
  readonly interrupt: AbortSignal
  readonly say: (text: string) => void
}

/**
 * Fills the past, then sends as time goes by, and looks in Postgres for the increments that have got there.
 *
 * @returns whether everything that was sent is there
 * @throws LookRefused, or the error of `fetch`, when the first look fails
 */
export async function runDemo(demo: Demo): Promise<boolean> {
  const { options, progress, interrupt } = demo
  const { rate, seed } = options
  const counter = countInto(progress, options)
  // Before anything is counted, because it says at once when nobody answers or the token may not read.
  const look = await looker(counter.sumdial)
  const offsetMs = -new Date().getTimezoneOffset() * 60_000
  await fillPast(demo, offsetMs)
  if (interrupt.aborted) return true
  const traffic = { rate, offsetMs, chance: chanceOf(seed) }
  const watching = watch(look, progress, interrupt)
  const endMs = options.forMs === null ? Number.POSITIVE_INFINITY : Date.now() + options.forMs
  for (let fromMs = Date.now(); fromMs < endMs && !interrupt.aborted; ) {
    await after(TICK_MS, undefined, { signal: interrupt }).catch(() => undefined)
    const nowMs = Date.now()
    counter.send(trafficOf(fromMs, nowMs - fromMs, traffic))
    fromMs = nowMs
  }
  await counter.sumdial.close({ deadlineMs: END_WAIT_MS })
  counter.update()
  await untilVisible(look, progress)
  watching.abort()
  return progress.acknowledged === progress.sent && progress.visible >= progress.acknowledged
}

type DemoClient = {
  readonly sumdial: Sumdial
  send(items: readonly DemoIncrement[]): void
  /** Brings the progress up to date with what the client still holds. */
  update(): void
}

function countInto(progress: DemoProgress, { url, token }: Options): DemoClient {
  let lost = 0
  const sumdial = createClient({
    url,
    token,
    lingerMs: 0,
    onGiveUp(increments, { detail }) {
      lost += increments.length
      progress.trouble = detail
    },
    onRetry(reason) {
      progress.trouble = reason
    },
  })
  const update = () => {
    const acknowledged = progress.sent - sumdial.held - lost
    if (acknowledged > progress.acknowledged) progress.trouble = ''
    progress.acknowledged = acknowledged
  }
  const send = (items: readonly DemoIncrement[]) => {
    progress.sent += items.length
    for (const { key, value, at } of items) sumdial.increment(key, value, { at })
    update()
  }
  return { sumdial, send, update }
}

/** Fills hours of the past. Each has a chance of its own, so that it is the same hour whenever it is filled. */
async function fillPast({ options, interrupt, say }: Demo, offsetMs: number): Promise<void> {
  const { pastHours, rate, seed } = options
  const now = hourOf(Date.now())
  let filled = 0
  for (let hour = addHours(now, -1); hour >= now - pastHours; hour = addHours(hour, -1)) {
    const items = pastHour(hour, { rate, offsetMs, chance: chanceOf(seed * 1_000_003 + hour) })
    const trouble = await fillHour(items, options)
    if (trouble === '') filled += 1
    if (trouble !== '' || interrupt.aborted) {
      say(`${filled} hours of the past filled; no more: ${trouble || 'interrupted'}`)
      return
    }
  }
  if (pastHours > 0) say(`${filled} hours of the past filled`)
}

/** @returns why not all of the hour was acknowledged; empty when it was */
async function fillHour(items: readonly DemoIncrement[], { url, token }: Options): Promise<string> {
  let trouble = ''
  let retried = ''
  const sumdial = createClient({
    url,
    token,
    onGiveUp(_, { kind, detail }) {
      trouble = kind === 'closed' && retried !== '' ? retried : detail
    },
    onRetry(reason) {
      retried = reason
    },
  })
  for (const { key, value, at, id } of items) sumdial.increment(key, value, { at, id })
  await sumdial.close({ deadlineMs: PAST_HOUR_MS })
  return trouble
}

function watch(look: Look, progress: DemoProgress, interrupt: AbortSignal): AbortController {
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

async function lookOnce(look: Look, progress: DemoProgress): Promise<void> {
  try {
    progress.visible = await look()
  } catch (error) {
    progress.trouble = error instanceof Error ? error.message.slice(0, 200) : String(error)
  }
}

async function untilVisible(look: Look, progress: DemoProgress): Promise<void> {
  const untilMs = Date.now() + END_WAIT_MS
  while (progress.visible < progress.acknowledged && Date.now() < untilMs) {
    await after(LOOK_MS)
    await lookOnce(look, progress)
  }
}
