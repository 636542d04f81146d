import { describe, expect, test } from 'vitest'
import { call, currentShard, drained, freshKey, ownShard, rowOf } from './support.ts'

async function gzipped(text: string): Promise<ArrayBuffer> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'))
  return new Response(stream).arrayBuffer()
}

async function post(query: string, body: BodyInit, headers: Record<string, string> = {}) {
  const answer = await call(`/records?${query}`, { method: 'POST', body, headers })
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
}

describe('POST /records in workerd', () => {
  test('[N1] gzip of 40,000 lines of two hours is counted once, and is in Postgres', async () => {
    const [key, shard, now] = [freshKey(), ownShard(), currentShard()]
    const line = (i: number) =>
      JSON.stringify({ n: i % 100, at: i % 2 === 0 ? shard.at : now.at, text: 'x'.repeat(200) })
    const body = await gzipped(Array.from({ length: 40_000 }, (_, i) => line(i)).join('\n'))
    const send = () => post(`key=${key}/{n}&at={at}`, body, { 'content-encoding': 'gzip' })
    expect(await send()).toMatchObject({
      status: 202,
      body: { records: 40_000, accepted: 40_000, names: 'content' },
    })
    expect(await send()).toMatchObject({ status: 202, body: { accepted: 0, duplicates: 40_000 } })
    await drained(shard)
    await drained(now)
    expect([await rowOf(`${key}/2`), await rowOf(`${key}/3`)]).toEqual([
      { sum: '400', count: '400' },
      { sum: '400', count: '400' },
    ])
  })

  test('[N2] gzip that is cut off, and a bomb, are answered below 500 and count nothing', async () => {
    const key = freshKey()
    const bomb = await gzipped(' '.repeat(70 << 20))
    expect(await post(`key=${key}`, bomb, { 'content-encoding': 'gzip' })).toMatchObject({ status: 413 })
    const cut = (await gzipped('{"a":1}')).slice(0, 15)
    expect(await post(`key=${key}`, cut, { 'content-encoding': 'gzip' })).toMatchObject({
      status: 422,
      body: { detail: expect.stringContaining('gzip') },
    })
  })
})
