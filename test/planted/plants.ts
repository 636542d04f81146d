import { ACCESS } from './plants/access.ts'
import { BINDING } from './plants/binding.ts'
import { CLIENT_PLANTS } from './plants/client.ts'
import { COUNTING } from './plants/counting.ts'
import { DASHBOARD } from './plants/dashboard.ts'
import { DEPLOYING } from './plants/deploying.ts'
import { FLUSHING } from './plants/flushing.ts'
import { LISTING } from './plants/listing.ts'
import { NAMING } from './plants/naming.ts'
import { POSTGRES } from './plants/postgres.ts'
import { READING } from './plants/reading.ts'
import { RETENTION } from './plants/retention.ts'
import { STORING } from './plants/storing.ts'
import { WATCHING } from './plants/watching.ts'

/** One replacement. `find` stands in the file exactly once. */
export type Edit = { readonly file: string; readonly find: string; readonly replace: string }

/** A mistake that somebody could make, and the part of the suite that must notice. */
export type Plant = {
  readonly name: string
  /** What the code does once the mistake is in it. */
  readonly mistake: string
  readonly edits: readonly Edit[]
  /** The least of the suite that must go red. */
  readonly suite: Suite
}

/** A test file, or those of its tests whose full titles have a text in them. */
export type Suite = {
  readonly project: 'node' | 'workerd'
  readonly file: string
  readonly titles?: string
}

export const PLANTS: readonly Plant[] = [
  ...STORING,
  ...FLUSHING,
  ...POSTGRES,
  ...COUNTING,
  ...NAMING,
  ...ACCESS,
  ...BINDING,
  ...LISTING,
  ...READING,
  ...DASHBOARD,
  ...DEPLOYING,
  ...WATCHING,
  ...RETENTION,
  ...CLIENT_PLANTS,
]
