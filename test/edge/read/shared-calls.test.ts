import { describe, expect, test } from 'vitest'
import { SharedCalls } from '../../../src/edge/read/shared-calls.ts'
import { KEYS_TOGETHER_MAX, SHARED_CALL_MS_MAX } from '../../../src/limits.ts'
import type { Unsettled } from '../../../src/model/read.ts'
import { FakeClock, settle } from '../../support/fake-clock.ts'

const SHARD = '2026-11-21T20Z/0'

/** Reads of an isolate before shards that answer when they are told to. An answer has its key as the writer. */
function world() {
  const clock = new FakeClock()
  const calls: { readonly shard: string; readonly keys: readonly string[]; end(error?: Error): void }[] = []
  const kept: Promise<unknown>[] = []
  const shared = new SharedCalls((shard, keys) => {
    const { promise, resolve, reject } = Promise.withResolvers<readonly Unsettled[]>()
    const end = (error?: Error) => (error === undefined ? resolve(keys.map(answerFor)) : reject(error))
    calls.push({ shard, keys, end })
    return promise
  }, clock)
  const ask = (...keys: string[]) =>
    shared.ask(SHARD, keys, (turn) => kept.push(turn)).then((answers) => answers.map(({ writer }) => writer))
  return { clock, calls, kept, shared, ask, asked: () => calls.map(({ keys }) => keys) }
}

function answerFor(key: string): Unsettled {
  return { writer: key, settledSeq: 0, nextSeq: 1, open: null, parked: null, frozen: [] }
}

describe('the calls of reads to a shard', () => {
  test('[R1] a read joins no call that was sent before it began: those that come meanwhile share the next', async () => {
    const { calls, ask, asked } = world()
    const reads = [ask('a'), ask('a', 'b'), ask('c', 'b')]
    await settle()
    expect(asked()).toEqual([['a']])
    calls[0]?.end()
    await settle()
    expect(asked()).toEqual([['a'], ['a', 'b', 'c']])
    calls[1]?.end()
    expect(await Promise.all(reads)).toEqual([['a'], ['a', 'b'], ['c', 'b']])
  })

  test('[R1] a read of a key that is being asked for asks again, because it has begun later', async () => {
    const { calls, ask, asked } = world()
    const answered: string[] = []
    const reads = ['first', 'second'].map((read) => ask('a').then(() => answered.push(read)))
    calls[0]?.end()
    await settle()
    expect(answered).toEqual(['first'])
    calls[1]?.end()
    await Promise.all(reads)
    expect(asked()).toEqual([['a'], ['a']])
    const late = ask('a')
    calls[2]?.end()
    expect(await late).toEqual(['a'])
  })

  test('are one after the other for each shard, and no shard waits for another', async () => {
    const { calls, ask, shared } = world()
    const [one, other] = [ask('a'), shared.ask('2026-11-21T19Z/0', ['a'], () => undefined)]
    expect(calls.map(({ shard }) => shard)).toEqual([SHARD, '2026-11-21T19Z/0'])
    for (const { end } of calls) end()
    expect([await one, (await other).length]).toEqual([['a'], 1])
  })

  test('that fail, fail for those that share them alone', async () => {
    const { calls, ask } = world()
    const [alone, ...together] = [ask('a'), ask('b'), ask('c')].map((read) => read.catch(String))
    calls[0]?.end(new Error('away'))
    expect(await alone).toBe('Error: away')
    await settle()
    calls[1]?.end()
    expect(await Promise.all(together)).toEqual([['b'], ['c']])
  })

  test('[I5] take so many keys, and a read past that has a call of its own', async () => {
    const { calls, ask, asked } = world()
    const many = Array.from({ length: KEYS_TOGETHER_MAX }, (_, i) => `k${i}`)
    const reads = [ask('a'), ask(...many), ask('z')]
    await settle()
    expect(asked()).toEqual([['a'], ['z']])
    for (const end of [0, 1]) calls[end]?.end()
    await settle()
    calls[2]?.end()
    expect(await Promise.all(reads)).toEqual([['a'], many, ['z']])
  })

  test('are kept alive by the reads that make them', async () => {
    const { calls, ask, kept } = world()
    const reads = [ask('a'), ask('b'), ask('c')]
    expect(kept).toHaveLength(2)
    for (const end of [0, 1]) {
      calls[end]?.end()
      await settle()
    }
    await Promise.all([...reads, ...kept])
  })

  test('are not held back for long by one that is never answered', async () => {
    const { clock, calls, ask, asked } = world()
    void ask('a')
    const [waiting, another] = [ask('b'), ask('c')]
    await clock.pass(SHARED_CALL_MS_MAX)
    expect(asked()).toEqual([['a'], ['b', 'c']])
    calls[1]?.end()
    expect([await waiting, await another]).toEqual([['b'], ['c']])
  })

  test('go on when the read that should make the next was ended by the platform', async () => {
    const { clock, calls, ask, shared, asked } = world()
    void ask('a')
    // This request waits on, but nobody runs it any more, so its timer is gone with it.
    const dead = shared.ask(SHARD, ['b'], () => undefined).then(([own]) => own?.writer)
    await settle()
    expect(clock.dropTimers()).toBe(1)
    await clock.pass(2 * SHARED_CALL_MS_MAX + 1)
    const read = ask('c')
    expect(asked()).toEqual([['a'], ['b', 'c']])
    calls[1]?.end()
    expect([await dead, await read]).toEqual(['b', ['c']])
  })
})
