import { beforeEach, describe, expect, test } from 'vitest'
import { type InspectServices, inspect } from '../../../src/edge/background/inspect.ts'
import { DATABASE_SLEEPS_MS, NEW_VERSION_MS_MAX } from '../../../src/limits.ts'
import type { LogLine } from '../../../src/log.ts'
import type { Notice, SchemaState } from '../../../src/model/deployed/notice.ts'
import type { Seen } from '../../../src/model/deployed/seen.ts'
import { HOUR_MS } from '../../../src/model/hour.ts'
import { formatSchedule } from '../../../src/model/schedule.ts'
import { scheduleOf } from '../../support/schedule.ts'

const NOW_MS = Date.UTC(2026, 10, 25, 7, 7)

let seen: Seen | null
let schema: SchemaState
let looks: number
let told: [shard: string, notices: readonly Notice[]][]
let logged: LogLine[]

beforeEach(() => {
  seen = null
  schema = { kind: 'newest', advice: '' }
  looks = 0
  told = []
  logged = []
})

type Given = { readonly shards: string; readonly uploadedMs?: number; readonly isKeptAwake?: boolean }

function servicesOf({ shards, uploadedMs, isKeptAwake = true }: Given): InspectServices {
  return {
    config: {
      shards: scheduleOf(shards),
      lateHours: scheduleOf('72'),
      flushIntervalMs: isKeptAwake ? DATABASE_SLEEPS_MS - 1 : DATABASE_SLEEPS_MS,
    },
    shards: { notify: async (shard, notices) => void told.push([shard, notices]) },
    database: {
      bringUpSchema: async () => {
        looks++
        return schema
      },
      readSeen: async () => seen,
      writeSeen: async (record) => {
        seen = record
      },
    },
    uploadedMs,
    log: (line) => logged.push(line),
  }
}

describe('the look of the hourly cron', () => {
  test('records the schedules where there is no record, and finds nothing', async () => {
    await inspect(NOW_MS, servicesOf({ shards: '1' }))
    expect(formatSchedule(seen?.schedules.SHARDS ?? [])).toBe('1')
    expect(told).toEqual([
      ['2026-11-25T07Z/0', []],
      ['2026-11-25T06Z/0', []],
    ])
    expect(logged).toEqual([])
  })

  test('[K2] says in a shard and in the log which hour a deploy has changed, until the schedule is put right', async () => {
    await inspect(NOW_MS, servicesOf({ shards: '1' }))
    told = []
    const uploadedMs = NOW_MS + 60_000
    await inspect(NOW_MS + HOUR_MS, servicesOf({ shards: '16', uploadedMs }))
    const text = expect.stringMatching(
      /^SHARDS: 2026-11-\d\dT\d\dZ began with 1, and the Worker that runs gives it 16\..* Deploy SHARDS = "1, 16@2026-11-25T08Z"/,
    )
    expect(told).toEqual([
      ['2026-11-25T08Z/0', [{ kind: 'schedule', text }]],
      ['2026-11-25T07Z/0', []],
    ])
    expect(logged).toMatchObject([{ message: 'schedule differs', variable: 'SHARDS', began: 1, now: 16 }])
    told = []
    const mended = servicesOf({ shards: '1, 16@2026-11-25T08Z', uploadedMs: NOW_MS + HOUR_MS + 60_000 })
    await inspect(NOW_MS + 2 * HOUR_MS, mended)
    expect(told[0]).toEqual(['2026-11-25T09Z/0', []])
  })

  test('says what is in the way of the schema, and compares the schedules all the same', async () => {
    schema = { kind: 'not_yet', reason: 'grant it', needsPerson: true }
    await inspect(NOW_MS, servicesOf({ shards: '1' }))
    expect(told[0]).toEqual(['2026-11-25T07Z/0', [{ kind: 'schema', text: 'grant it' }]])
    expect(seen).not.toBeNull()
  })

  test('leaves the notices as they are while Postgres cannot be asked', async () => {
    schema = { kind: 'not_yet', reason: 'no answer', needsPerson: false }
    await inspect(NOW_MS, servicesOf({ shards: '1' }))
    expect(told).toEqual([])
    expect(logged).toMatchObject([{ message: 'not inspected' }])
  })

  test('wakes no sleeping database, but once a day and in the first hours of a version', async () => {
    const sleeping = (uploadedMs: number) => servicesOf({ shards: '1', uploadedMs, isKeptAwake: false })
    await inspect(NOW_MS, sleeping(NOW_MS - NEW_VERSION_MS_MAX))
    expect(looks).toBe(0)
    await inspect(NOW_MS, sleeping(NOW_MS - NEW_VERSION_MS_MAX + 1))
    await inspect(Date.UTC(2026, 10, 25, 3, 7), sleeping(0))
    expect(looks).toBe(2)
  })
})
