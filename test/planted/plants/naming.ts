import type { Plant, Suite } from '../plants.ts'

const ENTRY = 'src/model/entry.ts'
const MERGE = 'src/shard/merge.ts'
const STORE = 'src/shard/store.ts'
const COALESCER = 'src/edge/coalesce/coalescer.ts'

/** Seeded worlds alone: whether they notice is the question, whatever smaller tests say. */
const SIMULATION: Suite = {
  project: 'node',
  file: 'test/simulation/simulation.test.ts',
  titles: 'every acknowledged increment counts once',
}

/** What is known by a name, and answered alike when it comes again; and who waits for the answer. */
export const NAMING: readonly Plant[] = [
  {
    name: 'known-flight-stale',
    mistake: 'a flight that comes again is refused as stale, though it was counted',
    edits: [
      {
        file: STORE,
        find: `return name.n === last ? 'known' : 'stale'`,
        replace: `return name.n > last ? 'known' : 'stale'`,
      },
    ],
    suite: SIMULATION,
  },
  {
    name: 'ids-not-looked-up',
    mistake:
      'ids are stored and never looked up, so that whoever sends one again is answered nothing, for ever',
    edits: [
      {
        file: STORE,
        find: 'this.#isStored ? tables.findIds(this.#sql, ids) : new Map()',
        replace: 'new Map()',
      },
    ],
    suite: SIMULATION,
  },
  {
    name: 'full-before-known',
    mistake: 'a flight that was counted is refused when it comes again to a shard that has filled up since',
    edits: [
      {
        file: MERGE,
        find: `  if (status === 'known') return`,
        replace: `  if (conditions.isFull(false)) return refused('full')
  if (status === 'known') return`,
      },
    ],
    suite: SIMULATION,
  },
  {
    name: 'known-flight-not-judged',
    mistake: 'a flight that comes again is told that all of its names were new',
    edits: [
      {
        file: MERGE,
        find: 'return accepted(store.judge(flight))',
        replace: `return accepted((flight.named ?? []).map(() => 'accepted'))`,
      },
    ],
    suite: SIMULATION,
  },
  {
    name: 'conflict-taken-for-a-duplicate',
    mistake: 'other content under a name is told as counted before',
    edits: [
      {
        file: ENTRY,
        find: `return before.content === content ? 'duplicate' : 'conflict'`,
        replace: `return 'duplicate'`,
      },
    ],
    suite: SIMULATION,
  },
  {
    name: 'conflict-within-a-flight',
    mistake: 'of two contents under one name in a flight, the second is told as counted before',
    edits: [
      {
        file: ENTRY,
        find: `return earlier === content ? 'duplicate' : 'conflict'`,
        replace: `return 'duplicate'`,
      },
    ],
    suite: SIMULATION,
  },
  {
    name: 'conflict-counted',
    mistake: 'other content under a name is counted too',
    edits: [
      {
        file: 'src/shard/journal.ts',
        find: `results[i] === 'accepted'`,
        replace: `results[i] !== 'duplicate'`,
      },
      { file: 'src/shard/tables.ts', find: 'insert into ids', replace: 'insert or replace into ids' },
    ],
    suite: SIMULATION,
  },
  {
    name: 'request-name-on-its-first-shard',
    mistake: 'an Idempotency-Key names what goes to the first shard, and the rest of the request has no name',
    edits: [
      {
        file: 'src/edge/ingest/partition.ts',
        find: 'parts.map((each) => nameWhole(each, request))',
        replace: 'parts.map((each, i) => (i === 0 ? nameWhole(each, request) : each))',
      },
    ],
    suite: SIMULATION,
  },
  {
    name: 'parked-unknown-to-the-ledger',
    mistake: 'a shard that keeps parked cells beyond its hour is in the ledger only once it sends something',
    edits: [
      {
        file: 'src/model/flush-plan.ts',
        find: 'isRegistered ? againMs : retireAtMs - REGISTER_AHEAD_MS',
        replace: 'isRegistered ? againMs : againMs + REGISTER_AHEAD_MS',
      },
    ],
    suite: { project: 'node', file: 'test/postgres/parked-ledger.test.ts' },
  },
  {
    name: 'retried-in-one-row',
    mistake: 'parked cells that are retried make one row of the journal, however many there are',
    edits: [
      {
        file: 'src/shard/parking.ts',
        find: 'const rows = [...encodePieces(null, taken)]',
        replace: `const rows = [...encodePieces(null, taken)].slice(0, 0).concat(encodeFlight({ name: null, cells: taken }))`,
      },
    ],
    suite: { project: 'node', file: 'test/shard/parked.test.ts' },
  },
  {
    name: 'discard-not-counted',
    mistake: 'parked cells are discarded, and counted nowhere',
    edits: [
      {
        file: 'src/shard/parking.ts',
        find: 'discarded: memory.state.discarded + increments',
        replace: 'discarded: memory.state.discarded',
      },
    ],
    suite: SIMULATION,
  },
  {
    name: 'discard-of-all',
    mistake: 'whoever discards one key discards all that the shard has parked',
    edits: [
      {
        file: 'src/shard/shard.ts',
        find: 'store.discardParked(chosen)',
        replace: 'store.discardParked([...store.parked.keys()])',
      },
    ],
    suite: SIMULATION,
  },
  {
    name: 'version-guessed',
    mistake: 'a flight of a later version is read as if it was of this one',
    edits: [
      {
        file: 'src/model/flight.ts',
        find: 'return v === FLIGHT_VERSION && isName(name)',
        replace: 'return v !== undefined && isName(name)',
      },
    ],
    suite: SIMULATION,
  },
  {
    name: 'late-hours-of-the-newest-step',
    mistake: 'how long an hour stays open is taken from the newest step of the schedule, not from its own',
    edits: [
      {
        file: 'src/edge/ingest/increment.ts',
        find: 'return hourEndMs(hour) + valueAt(lateHours, hour) * 3_600_000',
        replace: 'return hourEndMs(hour) + (lateHours.at(-1)?.value ?? 0) * 3_600_000',
      },
    ],
    suite: SIMULATION,
  },
  {
    name: 'turn-not-kept-alive',
    mistake: 'a client that hangs up takes the lead, and the flight of all aboard, with it',
    edits: [{ file: COALESCER, find: '    keepAlive(turn)\n', replace: '    void keepAlive\n' }],
    suite: SIMULATION,
  },
  {
    name: 'lead-for-ever',
    mistake: 'a lead that was lost with its request is never taken over',
    edits: [
      {
        file: COALESCER,
        find: 'this.#services.clock.now() - line.lead.sinceMs > LEAD_LEASE_MS',
        replace: 'this.#services.clock.now() - line.lead.sinceMs > 1_000 * LEAD_LEASE_MS',
      },
    ],
    suite: SIMULATION,
  },
]
