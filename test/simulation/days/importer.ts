import { STATEMENT_MS_MAX } from '../../../src/limits.ts'
import { cellOf } from '../../../src/model/cell.ts'
import { Cells } from '../../../src/model/cells.ts'
import type { Batch } from '../../../src/model/flush/batch.ts'
import { addHours, DAY_MS, formatHour, HOUR_MS, hourOf } from '../../../src/model/hour.ts'
import { labelsText } from '../../../src/model/slices/slice.ts'
import type { Chance } from '../chance.ts'
import { applyingIn, transport } from '../postgres-link.ts'
import type { World } from '../world.ts'

/** How far back an import reaches. */
const HOURS_BACK = 14 * 24

/** Keys that imports count under, and no client. */
export const IMPORTED = 'old/'

/**
 * An import straight to Postgres, by one writer. It sends a batch again until Postgres has confirmed it. Often the batch is of
 * a day that is about to be made.
 */
export class Importer {
  readonly #chance: Chance
  #writer: string
  #seq = 0
  #batch: Batch | undefined

  constructor(chance: Chance) {
    this.#chance = chance
    this.#writer = chance.uuid()
  }

  send(world: World): void {
    const batch = this.#batch ?? this.#next(world)
    this.#batch = batch
    const { seq } = batch
    const what = `import ${seq} of ${formatHour(batch.hour)}`
    const statement = applyingIn(world, batch)
    void transport(world, { what, batch, withinMs: STATEMENT_MS_MAX, statement }).then(({ kind }) => {
      world.scheduler.note(`${kind}: ${what}`)
      if (this.#batch !== batch || (kind !== 'applied' && kind !== 'rewound')) return
      this.#batch = undefined
      // Postgres was put back.
      if (kind === 'rewound') [this.#writer, this.#seq] = [this.#chance.uuid(), 0]
    })
  }

  #next({ scheduler, postgres }: World): Batch {
    const chance = this.#chance
    const cells = new Cells()
    for (const name of ['0', '1', '2']) {
      for (const labels of [undefined, { plan: 'pro' }, { plan: 'x' }]) {
        if (chance.is(0.6)) continue
        const { sum, count, min, max } = cellOf(chance.between(-9, 99))
        cells.push(`${IMPORTED}${name}${labelsText(labels)}`, sum, count, min, max)
      }
    }
    this.#seq += 1
    const [day] = postgres.daysToMake().filter(() => chance.is(0.5))
    const hour =
      day === undefined
        ? addHours(hourOf(scheduler.nowMs), -chance.between(1, HOURS_BACK))
        : hourOf(day * DAY_MS + chance.between(0, 23) * HOUR_MS)
    return {
      writer: this.#writer,
      seq: this.#seq,
      id: chance.uuid(),
      shard: `import ${this.#writer}`,
      hour,
      cells,
      increments: cells.countIncrements(),
    }
  }
}
