import { describe, expect, test } from 'vitest'
import { auditOf } from '../../../src/edge/operate/audit.ts'
import { withLedger } from '../../../src/edge/operate/status.ts'
import type { LogLine } from '../../../src/log.ts'
import type { LedgerSum, ShardStatus } from '../../../src/model/status.ts'
import { SOME_ADDRESS } from '../../support/address.ts'
import { scheduleOf } from '../../support/schedule.ts'
import { EMPTY_STATUS } from './empty-status.ts'

const OWN = 'own'

/** A shard that has settled 10 increments, has 5 on their way, and has `more` by the time that it is asked again. */
function audited(ledger: LedgerSum, more: Partial<ShardStatus> = {}, said: Partial<ShardStatus> = {}) {
  const before: ShardStatus = {
    ...EMPTY_STATUS,
    shard: 's',
    writer: OWN,
    accepted: 15,
    settled: 10,
    frozen: { batches: 1, cells: 1, increments: 5 },
    ...said,
  }
  return auditOf(before, ledger, { ...before, ...more })
}

describe('[C1] the ledger and a shard', () => {
  test('agree from what is settled up to what is frozen too, when the shard was asked again', () => {
    for (const increments of [10, 15]) {
      expect(audited({ increments, open: [OWN] })).toEqual({ increments, agrees: true })
    }
    expect(audited({ increments: 18, open: [OWN] }, { settled: 18 })).toMatchObject({ agrees: true })
  })

  test('do not agree when another Worker counts into the database: the reason says so', () => {
    const audit = audited({ increments: 40, open: [OWN, 'of another Worker'] })
    expect(audit).toMatchObject({ agrees: false, reason: 'other_writers' })
    expect(audit.detail).toContain('Another Worker counts into this database')
    const quiet = {
      accepted: 0,
      settled: 0,
      frozen: { batches: 0, cells: 0, increments: 0 },
      writer: undefined,
    }
    expect(audited({ increments: 4, open: ['of another Worker'] }, quiet, quiet)).toMatchObject({
      reason: 'other_writers',
    })
  })

  test('do not agree when Postgres was put back, or a shard was', () => {
    expect(audited({ increments: 9, open: [OWN] })).toMatchObject({ reason: 'ledger_behind' })
    expect(audited({ increments: 16, open: [OWN] })).toMatchObject({ reason: 'ledger_ahead' })
  })

  test('agree about a shard that has retired, because all of its writers are sealed', () => {
    const retired = {
      accepted: 0,
      settled: 0,
      frozen: { batches: 0, cells: 0, increments: 0 },
      writer: undefined,
    }
    expect(audited({ increments: 900, open: [] }, retired, retired)).toEqual({
      increments: 900,
      agrees: true,
    })
    expect(audited({ increments: 900, open: [] }, retired)).toMatchObject({ agrees: true })
  })

  test('are not said to have other writers where an older version does not say its own', () => {
    const older = { writer: undefined }
    expect(audited({ increments: 16, open: [OWN] }, older, older)).toMatchObject({ reason: 'ledger_ahead' })
  })
})

test('shards that do not agree with the ledger are logged, by the reason and without their names', async () => {
  const lines: LogLine[] = []
  const status = async (shard: string): Promise<ShardStatus> => ({
    ...EMPTY_STATUS,
    shard,
    settled: 2,
    accepted: 2,
  })
  const shards = await Promise.all(['a', 'b', 'c'].map(status))
  await withLedger(shards, {
    config: { shards: scheduleOf('1'), database: SOME_ADDRESS },
    nowMs: 0,
    log: (line) => lines.push(line),
    shards: { status },
    database: {
      ledgerOf: async () => new Map([['a', { increments: 2, open: [] }]]),
      daysStanding: async () => ({ through: null, next: null, stale: 0, beginsMs: null }),
    },
  })
  expect(lines).toEqual([{ message: 'ledger disagrees', reason: 'ledger_behind', shards: 2 }])
})
