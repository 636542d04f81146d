import { afterEach, expect, test } from 'vitest'
import { HELD_CELLS_MAX } from '../../src/limits.ts'
import { cellOf } from '../../src/model/cell.ts'
import { drained, faults, flight, freshKey, ownShard, post, rowOf } from './support.ts'

afterEach(() => faults.clear())

const FLIGHT_CELLS = 10_000

test('[I5] past its bound a shard answers 503, and nothing accepted is lost', async () => {
  const [key, shard, other] = [freshKey(), ownShard(), ownShard()]
  await faults.inject({ kind: 'answer-500', times: null })
  let accepted = 0
  for (let n = 1; ; n++) {
    const cells = Array.from({ length: FLIGHT_CELLS }, (_, i) => [`${key}/${n}/${i}`, cellOf(1)] as const)
    const answer = await shard.stub.merge(flight('isolate', n, [...cells]))
    if (answer.kind === 'refused') break
    accepted += FLIGHT_CELLS
  }
  expect(accepted).toBe(HELD_CELLS_MAX)

  // The bound is the isolate's: its memory is shared.
  for (const at of [shard.at, other.at]) {
    const response = await post([
      { key, at },
      { key, at },
    ])
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toMatch(/^\d+$/)
    expect(await response.json()).toMatchObject({ refused: [0, 1], unknown: [] })
  }

  await faults.clear()
  await drained(shard)
  expect(await shard.stub.status()).toMatchObject({ accepted, settled: accepted, isConserved: true })
  expect(await rowOf(`${key}/1/0`)).toEqual({ sum: '1', count: '1' })
  expect((await post({ key, at: shard.at })).status).toBe(202)
})
