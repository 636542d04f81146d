import { Chance } from '../chance.ts'
import { DAY_KINDS, type FaultKind, Faults } from '../faults.ts'
import { Importer } from './importer.ts'

/** Makes the chance of days another than that of clients with the same seed. */
const OTHER = 0x5bd1e995

/** How days pass in a world, are made, and go. They have their own chance, so that clients do as they did without. */
export class DayLife {
  readonly chance: Chance
  readonly faults: Faults
  /** Whether the world has any of this; in the others every seed is as it was before there were days. */
  readonly isOn: boolean
  /** RETENTION_DAYS; undefined for all hours. */
  readonly retentionDays: number | undefined
  readonly importers: readonly Importer[]

  constructor(seed: number, without: readonly FaultKind[]) {
    this.chance = new Chance(seed ^ OTHER)
    this.isOn = seed % 4 !== 0
    this.faults = new Faults(this.chance, without, [DAY_KINDS, this.isOn ? 'some' : 'none'])
    this.retentionDays = this.chance.is(0.8) ? this.chance.between(1, 6) : undefined
    this.importers = Array.from({ length: 3 }, () => new Importer(this.chance))
  }
}
