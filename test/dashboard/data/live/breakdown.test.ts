import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { drawnOf, type Series, seriesOf, totalOf, withHeld } from '../../../../src/dashboard/data/series.ts'
import { hourOf } from '../../../../src/model/hour.ts'
import { type Stand, startStand } from '../../../postgres/stand.ts'
import { NOW, Town } from '../../../postgres/town.ts'
import { seeded } from '../../../support/chance.ts'
import type { Increment } from '../../../support/increments.ts'

let stand: Stand

beforeAll(async () => {
  stand = await startStand(4)
})
afterAll(() => stand?.stop())
beforeEach(() => stand.reset())

const PLANS = ['free', 'pro', 'team', 'old']

/** The sum of each part by its value, or by its kind, and of the whole. */
function shownOf(series: Series) {
  const parts = drawnOf([series]).map((own): [string, bigint] => {
    const { shown } = own
    return [shown.kind === 'group' ? shown.value : shown.kind, totalOf(own).sum]
  })
  return { parts: new Map(parts), whole: totalOf(series).sum }
}

test.each([1, 2, 3])(
  '[R1] [L1] a page that asks the shards alone shows what a fresh read has, value by value, until a flush lands (seed %i)',
  async (seed) => {
    const chance = seeded(seed)
    const town = new Town(stand)
    let looks = 0
    const count = (): Increment[] =>
      Array.from({ length: 12 }, () => {
        const value = 1 + Math.floor(chance() * 9)
        const plan = PLANS[Math.floor(chance() * 5)]
        const labels = { ...(plan !== undefined && { plan }), region: chance() < 0.5 ? 'eu' : 'us' }
        return { key: chance() < 0.5 ? 'k' : 'k/a', value, hour: hourOf(NOW), labels }
      })
    for (const where of ['', '&where=region:eu']) {
      for (let round = 0; round < 4; round++) {
        const asked = `?prefix=k&bucket=hour&by=plan${where}`
        town.take(count())
        await town.flush(Math.floor(chance() * 3))
        town.settle()
        const shown = { kind: 'prefix', name: 'k' } as const
        const first = seriesOf(await town.series(`${asked}&limit=2`), shown)
        for (let look = 0; look < 3; look++) {
          town.take(count())
          if (chance() < 0.3) await town.flush(1)
          const fresh = shownOf(seriesOf(await town.series(`${asked}&limit=9`), shown))
          const later = withHeld(first, await town.series(`${asked}&limit=9&consistency=unsettled`))
          // A flush has landed, so Postgres is read again.
          if (later === undefined) break
          const { parts, whole } = shownOf(later)
          expect(whole).toBe(fresh.whole)
          const own = [...parts].filter(([name]) => name !== 'others')
          expect(own).toEqual(own.map(([name]) => [name, fresh.parts.get(name) ?? 0n]))
          expect([...parts.values()].reduce((sum, part) => sum + part, 0n)).toBe(whole)
          looks += 1
        }
      }
    }
    expect(looks).toBeGreaterThan(5)
  },
)
