import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { exports } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { createClient, type Fetch, type GiveUpReason, SumdialError } from '../../src/client/index.ts'
import { freshKey, ownShard } from './support.ts'

const worker = (exports as unknown as { default: Fetcher }).default
const askWorker: Fetch = (url, init) => worker.fetch(url, init)

/** A client as a Worker has it that is bound to Sumdial: made for one request. */
function clientOf(reasons: GiveUpReason[] = [], fetch = askWorker) {
  return createClient({ url: 'https://sumdial', fetch, onGiveUp: (_, reason) => reasons.push(reason) })
}

describe('the typed client in a Worker', () => {
  test('[I1] counts behind the answer, and reads it back', async () => {
    const key = freshKey()
    const ctx = createExecutionContext()
    const reasons: GiveUpReason[] = []
    const sumdial = clientOf(reasons)
    for (let i = 0; i < 10; i++) sumdial.increment(key, 2 ** 53 - 1)
    ctx.waitUntil(sumdial.close())
    await waitOnExecutionContext(ctx)
    const { total } = await clientOf().read(key)
    expect(total).toEqual({ sum: 10n * (2n ** 53n - 1n), count: 10, min: 2 ** 53 - 1, max: 2 ** 53 - 1 })
    expect(reasons).toEqual([])
  })

  test('[L1] counts labels, and reads them back by their values', async () => {
    const key = freshKey()
    const sumdial = clientOf()
    sumdial.increment(key, 2, { labels: { plan: 'pro', region: 'eu' } })
    sumdial.increment(key, 4, { labels: { plan: 'free' } })
    sumdial.increment(key, 1)
    await sumdial.close()
    expect(await clientOf().read(key, { by: 'plan' })).toMatchObject({
      total: { sum: 7n },
      groups: [
        { value: 'free', total: { sum: 4n } },
        { value: 'pro', total: { sum: 2n } },
      ],
      unlabelled: { total: { sum: 1n } },
    })
    expect(await clientOf().read(key, { where: 'region:eu' })).toMatchObject({ total: { sum: 2n } })
  })

  test('[I2] gives up what the Worker refuses, with its reason, and counts the others', async () => {
    const [key, at] = [freshKey(), new Date(ownShard().at)]
    const reasons: GiveUpReason[] = []
    const sumdial = clientOf(reasons)
    sumdial.increment(key, -1, { at })
    sumdial.increment(key, 2, { at })
    sumdial.increment(key, 1, { at: Date.UTC(2015, 4, 17) })
    await sumdial.close()
    expect(reasons.map(({ kind, detail }) => [kind, detail.split(':')[0]])).toEqual([
      ['refused', 'value must be positive'],
      ['refused', 'at must be in an open hour'],
    ])
    const { total } = await clientOf().read(key, { from: at, to: at.getTime() + 3_600_000, freshHours: 72 })
    expect(total).toMatchObject({ sum: 2n, count: 1 })
  })

  test('[I3] counts an id once, whichever client hands it in', async () => {
    const [key, id, reasons] = [freshKey(), crypto.randomUUID(), [] as GiveUpReason[]]
    const at = Date.now()
    for (const value of [1, 1, 2]) {
      const sumdial = clientOf(reasons)
      sumdial.increment(key, value, { id, at })
      await sumdial.close()
    }
    expect(await clientOf().read(key)).toMatchObject({ total: { sum: 1n, count: 1 } })
    expect(reasons).toMatchObject([{ kind: 'conflict', mayHaveCounted: false }])
  })

  test('[I3] the rest of a request that was counted without an answer keeps its name, and counts no more', async () => {
    const [key, reasons] = [freshKey(), [] as GiveUpReason[]]
    let asked = 0
    const sumdial = clientOf(reasons, async (url, init) => {
      asked += 1
      // As if the first of them were not allowed any more.
      const errors = [{ index: 0, path: 'key', message: 'must be another' }]
      const headers = { 'content-type': 'application/problem+json' }
      if (asked === 2) return Response.json({ errors }, { status: 403, headers })
      const answer = await askWorker(url, init)
      if (asked === 1) throw new TypeError('the answer is lost')
      return answer
    })
    sumdial.increment(`${key}/not any more`)
    sumdial.increment(key, 7)
    await sumdial.close()
    expect(asked).toBe(3)
    expect(reasons).toMatchObject([{ kind: 'refused', mayHaveCounted: true }])
    expect(await clientOf().read(key)).toMatchObject({ total: { sum: 7n, count: 1 } })
  })

  test('says in a SumdialError why it was not answered', async () => {
    const failure = await clientOf()
      .read('k', { tz: 'Mars/Olympus' })
      .catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(SumdialError)
    expect(failure).toMatchObject({ status: 422, problem: { parameter: 'tz' } })
  })
})
