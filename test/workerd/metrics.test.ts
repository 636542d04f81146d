import { evictDurableObject } from 'cloudflare:test'
import { afterEach, describe, expect, test } from 'vitest'
import { addHours } from '../../src/model/hour.ts'
import type { ShardStatus } from '../../src/model/status.ts'
import { familiesOf, seriesOf } from '../support/scraped.ts'
import {
  call,
  count,
  currentShard,
  drained,
  faults,
  freshKey,
  HOUR,
  query,
  ring,
  shardOf,
} from './support.ts'
import { ask, envWith, postJson } from './tokens.ts'

afterEach(() => faults.clear())

async function scrape(search = ''): Promise<{ text: string; series: Map<string, number> }> {
  const response = await call(`/metrics${search}`)
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  const text = await response.text()
  return { text, series: seriesOf(text) }
}

async function shardsOfStatus(): Promise<readonly ShardStatus[]> {
  return ((await (await call('/status')).json()) as { shards: ShardStatus[] }).shards
}

const sumOf = (shards: readonly ShardStatus[], of: (shard: ShardStatus) => number) =>
  shards.reduce((sum, shard) => sum + of(shard), 0)

describe('/metrics', () => {
  test('says what /status says, after counting, a fault, a flush and a parked cell', async () => {
    const [key, shard, junk] = [freshKey(), currentShard(), `junk/${freshKey()}`]
    await query(`alter table sumdial.counters add constraint no_junk check (key not like 'junk/%')`, [])
    try {
      await faults.inject({ kind: 'answer-500' })
      await count({ key, value: 3, at: shard.at })
      await ring(shard)
      expect((await scrape()).series.get('sumdial_failing_shards{outcome="ambiguous"}')).toBe(1)
      await count({ key: junk, at: shard.at })
      await drained(shard)
      await count({ key, at: shard.at })
      await count({ key, at: shardOf(addHours(HOUR, -1)).at })
    } finally {
      await query('alter table sumdial.counters drop constraint no_junk', [])
    }
    const shards = await shardsOfStatus()
    const { series } = await scrape()
    const hour = shard.hour.slice(11, 13)
    const own = shards.find((each) => each.shard === shard.name)
    expect(own).toMatchObject({ parked: { increments: 1 }, tally: { ambiguous: 1 } })
    expect(own?.tally?.applied).toBeGreaterThan(0)
    expect(own?.tally?.cell_refused).toBeGreaterThan(0)
    expect(Object.fromEntries(series)).toMatchObject({
      [`sumdial_accepted_increments_total{hour="${hour}"}`]: own?.accepted,
      [`sumdial_settled_increments_total{hour="${hour}"}`]: own?.settled,
      [`sumdial_discarded_increments_total{hour="${hour}"}`]: 0,
      [`sumdial_flush_batches_total{hour="${hour}",outcome="applied"}`]: own?.tally?.applied,
      [`sumdial_flush_batches_total{hour="${hour}",outcome="ambiguous"}`]: 1,
      [`sumdial_flush_batches_total{hour="${hour}",outcome="cell_refused"}`]: own?.tally?.cell_refused,
      [`sumdial_writer_moves_total{hour="${hour}"}`]: own?.tally?.moves,
      sumdial_open_increments: sumOf(shards, ({ open }) => open.increments),
      sumdial_parked_cells: 1,
      sumdial_parked_increments: 1,
      sumdial_journal_bytes: sumOf(shards, ({ journalBytes }) => journalBytes),
      sumdial_conserved: 1,
      sumdial_asked_shards: shards.length,
      sumdial_unanswered_shards: 0,
      'sumdial_failing_shards{outcome="ambiguous"}': 0,
    })
    expect(series.get('sumdial_held_ratio')).toBeGreaterThan(0)
  })

  test('counts what came of flushes for good: an eviction takes nothing of it back', async () => {
    const [key, shard] = [freshKey(), currentShard()]
    await faults.inject({ kind: 'answer-500' })
    await count({ key, at: shard.at })
    await ring(shard)
    const before = (await shard.stub.status()).tally
    await evictDurableObject(shard.stub)
    expect((await shard.stub.status()).tally).toEqual(before)
    await drained(shard)
    const after = (await shard.stub.status()).tally
    expect(after?.applied).toBe((before?.applied ?? 0) + 1)
    await evictDurableObject(shard.stub)
    expect((await shard.stub.status()).tally).toEqual(after)
  })

  test('lets a database sleep, unless it is asked for the ledger', async () => {
    await faults.clear()
    const quiet = await scrape()
    expect(await faults.statements()).toEqual([])
    expect(quiet.text).toContain('# TYPE sumdial_ledger_agrees gauge')
    expect(quiet.series.has('sumdial_ledger_agrees')).toBe(false)
    expect((await scrape('?hours=24')).series.get('sumdial_asked_shards')).toBe(25)
    expect(await faults.statements()).toEqual([])
    const asked = await scrape('?ledger=1')
    expect(await faults.statements()).toHaveLength(1)
    expect(asked.series.get('sumdial_ledger_agrees')).toBe(1)
    await query('update sumdial.ledger set increments = increments + 7 where shard = $1', [
      currentShard().name,
    ])
    expect((await scrape('?ledger=1')).series.get('sumdial_ledger_agrees')).toBe(0)
    await query('update sumdial.ledger set increments = increments - 7 where shard = $1', [
      currentShard().name,
    ])
  })

  test('has no key, and is well formed to another reader', async () => {
    const key = freshKey()
    await count({ key })
    const { text } = await scrape()
    expect(text).not.toContain(key)
    const announced = Array.from(text.matchAll(/^# TYPE (\S+)/gm), ([, name]) => name)
    for (const { name, help, metrics } of familiesOf(text)) {
      expect(announced).toContain(name)
      expect(help).not.toBe('')
      for (const { value } of metrics) expect(Number(value)).toBeGreaterThanOrEqual(0)
    }
  })

  test('[S2] tells of all keys, so a token with a prefix is refused, and one without reads', async () => {
    const worker = await envWith({
      'read@acme': { scopes: ['read'], prefix: 'site/acme' },
      read: { scopes: ['read'] },
      write: { scopes: ['write'] },
    })
    expect((await ask(worker, 'read@acme', '/metrics')).status).toBe(403)
    expect((await ask(worker, 'write', '/metrics')).status).toBe(403)
    expect((await ask(worker, undefined, '/metrics')).status).toBe(401)
    expect((await ask(worker, 'read', '/metrics')).status).toBe(200)
    expect((await ask(worker, 'read', '/metrics', postJson({}))).status).toBe(405)
    expect((await ask(worker, 'read', '/metrics?hour=2026-11-21T20Z')).status).toBe(422)
  })
})
