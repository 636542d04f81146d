import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FATES } from './model-server.ts'
import { BEGAN_MS, openPage, type Rig, rig } from './rig.ts'

/** Events that may happen while a client counts. */
type Deed =
  | {
      readonly kind: 'count'
      readonly times: number
      readonly groups: readonly string[]
      readonly isNamed: boolean
      readonly hours: number
    }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'hide' | 'close hours' | 'forbid' | 'take less' }
  | { readonly kind: 'flush' }

const deed: fc.Arbitrary<Deed> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('count' as const),
      times: fc.integer({ min: 1, max: 12 }),
      groups: fc.constantFrom(['site'], ['site', 'later'], ['site', 'later', 'forbidden']),
      isNamed: fc.boolean(),
      hours: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('pass' as const),
      // Between two tries, or long past them.
      ms: fc.oneof(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 400, max: 400_000 })),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.constantFrom(
      ...(['flush', 'hide', 'close hours', 'forbid', 'take less'] as const).map((kind) => ({ kind })),
    ),
  },
)

const HOUR_MS = 3_600_000

/** Does them all, with keys of their own; then lets everything heal. @returns the keys that were handed in. */
async function live({ sumdial, server, clock }: Rig, deeds: readonly Deed[], hide: () => void) {
  const keys: string[] = []
  for (const one of deeds) {
    if (one.kind === 'count') {
      for (let i = 0; i < one.times; i++) {
        const key = `${one.groups[i % one.groups.length]}/${keys.length}`
        keys.push(key)
        const at = clock.now() - (i % one.hours) * HOUR_MS
        sumdial.increment(key, 1, one.isNamed ? { at, id: `id ${keys.length}` } : { at })
      }
    }
    if (one.kind === 'pass') await clock.pass(one.ms)
    if (one.kind === 'flush') void sumdial.flush()
    if (one.kind === 'hide') hide()
    if (one.kind === 'close hours') server.closedBeforeMs = Math.floor(clock.now() / HOUR_MS) * HOUR_MS
    if (one.kind === 'forbid') server.forbidden = 'later/'
    if (one.kind === 'take less') server.itemsMax = 3
  }
  server.heal()
  await clock.pass(60_000)
  const closing = sumdial.close()
  await clock.pass(60_000)
  await closing
  return keys
}

test('[I3] whatever is answered, lost or late: each increment ends once, and what is acknowledged is counted once', async () => {
  const page = openPage()
  await fc.assert(
    fc.asyncProperty(
      fc.array(deed, { maxLength: 25 }),
      fc.array(fc.constantFrom(...FATES), { maxLength: 25 }),
      async (deeds, fates) => {
        const all = rig(fates, { batchMax: 8 })
        const keys = await live(all, deeds, page.hide)
        const { sumdial, server, given } = all
        const endings = new Map<string, boolean>()
        for (const { increments, reason } of given) {
          for (const { key } of increments) {
            expect(endings.has(key), `${key} was given up before`).toBe(false)
            endings.set(key, reason.mayHaveCounted)
          }
        }
        expect(sumdial.held).toBe(0)
        for (const key of keys) {
          const count = server.counts.get(key) ?? 0
          const mayHaveCounted = endings.get(key)
          if (mayHaveCounted === undefined) expect([key, count]).toEqual([key, 1])
          else expect([key, count]).toEqual([key, mayHaveCounted ? Math.min(count, 1) : 0])
        }
      },
    ),
    { numRuns: 2_000, seed: BEGAN_MS % 1_000_003 },
  )
})
