import { beforeEach, describe, expect, test } from 'vitest'
import { ALARM_OVERDUE_MS } from '../../src/limits.ts'
import { ShardAlarm } from '../../src/shard/alarm.ts'

const NOW_MS = 1_000_000

let nowMs: number
let written: number[]
let alarm: ShardAlarm

beforeEach(() => {
  nowMs = NOW_MS
  written = []
  alarm = new ShardAlarm({ now: () => nowMs, write: (atMs) => written.push(atMs) })
})

describe('the alarm of a shard', () => {
  test('is lost before it was ever set, after it rang, and once it is overdue', () => {
    expect(alarm.isLost).toBe(true)
    alarm.set(NOW_MS)
    expect(alarm.isLost).toBe(false)
    nowMs = NOW_MS + ALARM_OVERDUE_MS
    expect(alarm.isLost).toBe(false)
    nowMs += 1
    expect(alarm.isLost).toBe(true)
    alarm.set(nowMs + 1)
    alarm.forget()
    expect(alarm.isLost).toBe(true)
  })

  test('of an earlier instance is taken over, and written only when it is lost', () => {
    alarm.load(NOW_MS + 5_000)
    alarm.setBy(NOW_MS + 5_000)
    expect(written).toEqual([])
    alarm.load(NOW_MS - ALARM_OVERDUE_MS - 1)
    alarm.setBy(NOW_MS + 5_000)
    expect(written).toEqual([NOW_MS + 5_000])
  })

  test('is written once for all that wait for it, and again only to ring earlier', () => {
    alarm.setBy(NOW_MS + 5_000)
    alarm.setBy(NOW_MS + 5_000)
    alarm.setBy(NOW_MS + 6_000)
    expect(written).toEqual([NOW_MS + 5_000])
    alarm.setBy(NOW_MS)
    expect(written).toEqual([NOW_MS + 5_000, NOW_MS])
  })

  test('[F4] may be set to any time, later than before too', () => {
    alarm.set(NOW_MS + 1_000)
    alarm.set(NOW_MS + 9_000)
    expect(written).toEqual([NOW_MS + 1_000, NOW_MS + 9_000])
    alarm.setBy(NOW_MS + 8_000)
    expect(written.at(-1)).toBe(NOW_MS + 8_000)
  })
})
