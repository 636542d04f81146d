import { describe, expect, test } from 'vitest'
import { call, count, currentShard, freshKey, ring, rowOf } from './support.ts'

describe('from route to row', () => {
  test('[I1] an acknowledged increment is in Postgres after the next flush', async () => {
    const key = freshKey()
    await count(key, 3)
    await count(key, 4)
    expect(await rowOf(key)).toBeUndefined()
    expect(await ring(currentShard())).toBe(true)
    expect(await rowOf(key)).toEqual({ sum: '7', count: '2' })
  })

  test('[R1] a fresh read has it before, and the same after', async () => {
    const key = freshKey()
    await count(key, 9007199254740991)
    await count(key, 9007199254740991)
    const before = await (await call(`/counters/${key}`)).text()
    await ring(currentShard())
    const after = await (await call(`/counters/${key}`)).text()
    expect(before).toContain('"total":{"sum":18014398509481982,"count":2,')
    expect(after).toContain('"total":{"sum":18014398509481982,"count":2,')
  })
})
