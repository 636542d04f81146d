import { createExecutionContext, createMessageBatch, getQueueResult } from 'cloudflare:test'
import { describe, expect, test } from 'vitest'
import worker, { type Env } from '../../src/index.ts'
import { drained, env, freshKey, ownShard, rowOf } from './support.ts'
import { BROKEN } from './tokens.ts'

const METERS = JSON.stringify([
  { name: 'orders', match: { queue: 'orders' }, key: '{body.key}', value: '{body.amount}' },
])

/** The environment with one object for each set of changes, because each is a Worker of its own. */
const OPEN = { ...env, METERS } as unknown as Env

type Sent = { readonly id?: string; readonly body: unknown; readonly attempts?: number }

/** Hands a batch to the consumer and answers with what it told the queue of each message. */
async function deliver(sent: readonly Sent[], at: string, to: Env = OPEN, queue = 'orders') {
  const messages = sent.map(({ id = crypto.randomUUID(), body, attempts = 1 }) => {
    return { id, body, attempts, timestamp: new Date(at) }
  })
  const batch = createMessageBatch(queue, messages)
  const ctx = createExecutionContext()
  await worker.queue(batch, to, ctx)
  const { explicitAcks, retryMessages } = await getQueueResult(batch, ctx)
  return {
    acknowledged: messages.map(({ id }) => explicitAcks.includes(id)),
    retried: messages.map(({ id }) => retryMessages.some(({ msgId }) => msgId === id)),
  }
}

describe('a batch of a queue', () => {
  test('[N1] counts each message once, in the hour of its time, however often it is delivered', async () => {
    const shard = ownShard()
    const key = freshKey()
    const first = { id: crypto.randomUUID(), body: { key, amount: 5 } }
    const second = { id: crypto.randomUUID(), body: JSON.stringify({ key, amount: '7' }) }
    expect(await deliver([first, second], shard.at)).toMatchObject({ acknowledged: [true, true] })
    // Delivered again in another batch, as after a lost acknowledgement.
    expect(await deliver([second, { ...first, attempts: 2 }], shard.at)).toMatchObject({
      acknowledged: [true, true],
    })
    await drained(shard)
    expect(await rowOf(key)).toEqual({ sum: '12', count: '2' })
  })

  test('[N2] acknowledges messages that can never count, and counts the others', async () => {
    const shard = ownShard()
    const key = freshKey()
    const bodies = [{ key, amount: 0.5 }, { amount: 3 }, { key, amount: 0 }, 'text', { key, amount: -2 }]
    const answer = await deliver(
      [...bodies.map((body) => ({ body })), { body: { key, amount: 9 } }],
      shard.at,
    )
    expect(answer.acknowledged).toEqual([true, true, true, true, true, true])
    await drained(shard)
    expect(await rowOf(key)).toEqual({ sum: '7', count: '2' })
  })

  test('retries what a shard did not take, and nothing else', async () => {
    const shard = ownShard()
    const key = freshKey()
    const broken = { ...OPEN, SHARD: BROKEN } as unknown as Env
    const good = { id: crypto.randomUUID(), body: { key, amount: 4 } }
    const answer = await deliver([{ ...good, attempts: 3 }, { body: { amount: 1 } }], shard.at, broken)
    expect(answer).toEqual({ acknowledged: [false, true], retried: [true, false] })
    expect(await deliver([{ ...good, attempts: 4 }], shard.at)).toMatchObject({ acknowledged: [true] })
    await drained(shard)
    expect(await rowOf(key)).toEqual({ sum: '4', count: '1' })
  })

  test('is kept for later while METERS has no meter for any queue, and acknowledged where none is for this one', async () => {
    const { at } = ownShard()
    const without = { ...env, METERS: '[]' } as unknown as Env
    expect(await deliver([{ body: {} }], at, without)).toEqual({ acknowledged: [false], retried: [true] })
    expect(await deliver([{ body: {} }], at, OPEN, 'others')).toMatchObject({ acknowledged: [true] })
  })
})
