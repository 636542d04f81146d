import { STATEMENT_MS_MAX } from '../../src/limits.ts'
import type { ApplyOutcome, Batch, RegisterOutcome, SealOutcome, Sink } from '../../src/model/flush/batch.ts'
import type { ReadCommitted } from '../../src/model/read.ts'
import { isSliceOf, keyOf, OVERFLOW } from '../../src/model/slices/slice.ts'
import { NOTHING } from './book.ts'
import { withRow } from './days/with-row.ts'
import type { FaultKind } from './faults.ts'
import type { Instance } from './instance.ts'
import { placeOf } from './tables.ts'
import type { World } from './world.ts'

type Failed = Extract<ApplyOutcome, { kind: 'ambiguous' | 'refused' }>

/** A statement in two instants: the first call takes its snapshot, the second lets it write. */
type Statement<T> = () => () => T

type Sending<T> = {
  readonly what: string
  /** Null for a statement that carries none. */
  readonly batch: Batch | null
  readonly withinMs: number
  readonly statement: Statement<T>
}

const TIMED_OUT: Failed = { kind: 'ambiguous', reason: 'no answer in 10000 ms', isTimeout: true }
const BROKEN: Failed = { kind: 'ambiguous', reason: 'no answer from Postgres', isTimeout: false }
const LOCKED: Failed = { kind: 'ambiguous', reason: 'SQLSTATE 55P03: lock timeout', isTimeout: false }
const REFUSED: Failed = { kind: 'refused', reason: 'SQLSTATE 42P01: relation does not exist' }

/** Carries the statements of one incarnation to Postgres, through its gate, and the answers back. */
export function sinkOf(world: World, instance: Instance): Sink {
  const send = async <T>(sending: Sending<T>, left = () => {}): Promise<T | Failed> => {
    const { what } = sending
    world.watch.statementBegins(instance)
    await instance.gate()
    left()
    world.scheduler.note(`${instance.name} ${instance.life} sends ${what}`)
    const outcome = await transport(world, sending)
    if (instance.life === 'dead') return new Promise(() => {})
    world.watch.statementEnds(instance)
    world.scheduler.note(`${instance.name} hears ${JSON.stringify(outcome)} of ${what}`)
    return outcome
  }
  return {
    apply: async (batch: Batch, withinMs = STATEMENT_MS_MAX) => {
      const what = `${batch.writer.slice(0, 4)}/${batch.seq} of ${batch.cells.length}`
      const sending = { what, batch, withinMs, statement: applying(world, batch, instance.name) }
      const outcome = await send<ApplyOutcome>(sending, () => world.watch.batchSent(batch))
      if (outcome.kind === 'rewound') world.rewindsNoticed += 1
      world.watch.batchHeard(instance.name, batch, outcome)
      return outcome
    },
    seal: (writer: string, shard: string) => {
      const what = `seal ${writer.slice(0, 4)}`
      return send<SealOutcome>({
        what,
        batch: null,
        withinMs: STATEMENT_MS_MAX,
        statement: () => () => world.postgres.seal(writer, shard),
      })
    },
    register: (writer: string, shard: string) => {
      const what = `register ${writer.slice(0, 4)}`
      const statement = () => () => world.postgres.register(writer, shard)
      return send<RegisterOutcome>({ what, batch: null, withinMs: STATEMENT_MS_MAX, statement })
    },
    end: () => undefined,
  }
}

function applying(world: World, batch: Batch, shard: string): Statement<ApplyOutcome> {
  const { postgres, watch } = world
  const statement = applyingIn(world, batch)
  return () => {
    const finish = statement()
    return () => {
      if (postgres.markedBy(batch) !== undefined) world.tally('lateFromShard')
      const outcome = finish()
      if (outcome.kind === 'applied') watch.gotThrough(shard)
      if (world.isExact) checkSlices(world, batch)
      return outcome
    }
  }
}

/** The statement that applies a batch. */
export function applyingIn(world: World, batch: Batch): Statement<ApplyOutcome> {
  const { postgres } = world
  return () => {
    const before = postgres.begin(batch)
    return () => {
      const day = postgres.markedBy(batch)
      const state = day === undefined ? undefined : postgres.rollupOf(day)?.state
      const outcome = postgres.apply(batch, before)
      if (outcome.kind === 'applied' && state !== undefined) world.tally(`late for ${state}`)
      return outcome
    }
  }
}

/** Checks the slices of all keys of a batch, wherever the batch was cut. [L1] */
function checkSlices(world: World, { hour, cells }: Batch): void {
  const { book, postgres } = world
  try {
    for (const key of new Set(cells.keys.map(keyOf))) {
      const place = placeOf(key, hour)
      // Of a day whose hours are gone, [D1] has its own check.
      const { everCounters, everSlices } = postgres.tables
      const slices = Iterator.from(everSlices).filter(([slice]) => isSliceOf(slice, place))
      book.checkSlices(place, everCounters.get(place) ?? NOTHING, new Map(slices))
      if (everSlices.has(place + OVERFLOW)) world.tally('overflow')
    }
  } catch (error) {
    world.fail(error)
  }
}

/** Whether a trigger sleeps for one of the batch's cells. */
function isSlept({ sleeping }: World, { cells: { keys } }: Batch): boolean {
  return sleeping.size > 0 && keys.some((key) => [...sleeping].some((beginning) => key.startsWith(beginning)))
}

/** Decides how a statement fares on its way, and when and how its sender hears about it. */
export function transport<T>(world: World, sending: Sending<T>): Promise<T | Failed> {
  const { faults, chance } = world
  const { what, batch, withinMs } = sending
  const { promise, resolve } = Promise.withResolvers<T | Failed>()
  const answer = (ms: number, outcome: T | Failed) => world.scheduler.after(ms, '', () => resolve(outcome))
  const strikes = (kind: FaultKind) => faults.strikes(kind)
  if (world.isPostgresAway) answer(chance.between(1, 50), BROKEN)
  else if (strikes('pgRefuses')) answer(chance.between(1, 50), REFUSED)
  else if (strikes('pgFails')) answer(chance.between(1, 50), BROKEN)
  else if (batch !== null && isSlept(world, batch)) {
    answer(withinMs, TIMED_OUT)
    // Nearly always it is cancelled once nobody waits for it any more.
    if (chance.is(0.1)) execute(world, chance.between(1, 2 * STATEMENT_MS_MAX), sending)
  } else if ((batch !== null && world.isPostgresStuck) || strikes('pgSlow')) {
    answer(withinMs, TIMED_OUT)
    const longestMs = chance.is(0.5) ? 2 * STATEMENT_MS_MAX : 6 * STATEMENT_MS_MAX
    execute(world, chance.between(1, longestMs), sending)
  } else if (strikes('pgAnswerLost')) {
    answer(withinMs, TIMED_OUT)
    execute(world, chance.between(1, 100), sending)
  } else if (strikes('pgFailsAfterCommit')) {
    execute(world, chance.between(1, 100), sending, () => answer(chance.between(1, 50), BROKEN))
  } else {
    execute(world, chance.between(1, 40), sending, (outcome) => answer(chance.between(1, 40), outcome))
  }
  if (strikes('pgCopy')) {
    const hours = chance.is(0.3) ? 4 * 3_600_000 : 30_000
    execute(world, chance.between(1, hours), { ...sending, what: `copy of ${what}` })
  }
  return promise
}

function execute<T>(
  world: World,
  ms: number,
  { what, batch, statement }: Sending<T>,
  done: (outcome: T | Failed) => void = () => {},
): void {
  const { scheduler, chance, postgres } = world
  scheduler.after(ms, '', () => {
    const finish = statement()
    scheduler.after(chance.between(0, 20), `Postgres runs ${what}`, () => {
      const day = batch === null ? undefined : postgres.markedBy(batch)
      if (day === undefined) done(finish())
      else withRow(world, day, { ends: () => done(finish()), gaveUp: () => done(LOCKED) })
    })
  })
}

/** Runs the reader's statement, at one instant on its way. */
export function readerOf(world: World): ReadCommitted {
  // Each bucket of a simulated read is one hour.
  return ({ keys, buckets, writers }) => {
    const { promise, resolve, reject } = Promise.withResolvers<Awaited<ReturnType<ReadCommitted>>>()
    const { scheduler, chance } = world
    // Slow now and then, so that flushes and moves to new writers land between the shards' answers and the rows.
    scheduler.after(chance.between(1, chance.is(0.4) ? 3_000 : 60), '', () => {
      if (world.isPostgresAway) reject(new Error('Postgres is away'))
      const rows = world.postgres.read(keys, buckets, writers)
      scheduler.after(chance.between(1, 60), '', () => resolve(rows))
    })
    return promise
  }
}
