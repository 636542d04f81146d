import type { Clock } from '../clock.ts'
import { READ_MS_MAX } from '../limits.ts'
import { TooSlow } from '../model/read.ts'
import type { Source } from './http/problem.ts'
import { NoDatabase } from './no-database.ts'
import type { Ports } from './ports.ts'
import { Timeout, Unavailable, within } from './timeout.ts'

/**
 * Makes the calls that a person waits for end in time, and turns their failures into Unavailable, which is answered 503.
 * `merge` is left alone because the coalescer has its own tries, and so are the calls of the cron.
 *
 * Calls without a deadline here have one elsewhere: those of a fresh read have `withinRead` for all of them together,
 * and the database's reads end their statements themselves, so that Postgres stops too and the answer says what took too long.
 */
export function withDeadlines<P extends Pick<Ports, 'clock' | 'shards' | 'database'>>(ports: P): P {
  const { clock, shards, database } = ports
  return {
    ...ports,
    shards: {
      ...shards,
      unsettled: (...args) => orUnavailable('shard', () => shards.unsettled(...args)),
      unsettledSum: (...args) => orUnavailable('shard', () => shards.unsettledSum(...args)),
      unsettledGroups: (...args) => orUnavailable('shard', () => shards.unsettledGroups(...args)),
      settlement: (...args) => inTime(clock, 'shard', () => shards.settlement(...args)),
      admitHit: (...args) => inTime(clock, 'shard', () => shards.admitHit(...args)),
      status: (...args) => inTime(clock, 'shard', () => shards.status(...args)),
      decideParked: (...args) => inTime(clock, 'shard', () => shards.decideParked(...args)),
    },
    database: {
      ...database,
      readCommitted: (...args) => orUnavailable('postgres', () => database.readCommitted(...args)),
      readSeries: (...args) => orUnavailable('postgres', () => database.readSeries(...args)),
      readGroups: (...args) => orUnavailable('postgres', () => database.readGroups(...args)),
      firstHour: (...args) => orUnavailable('postgres', () => database.firstHour(...args)),
      listLabels: (...args) => orUnavailable('postgres', () => database.listLabels(...args)),
      list: (...args) => orUnavailable('postgres', () => database.list(...args)),
      daysStanding: () => inTime(clock, 'postgres', () => database.daysStanding()),
      ledgerOf: (...args) => inTime(clock, 'postgres', () => database.ledgerOf(...args)),
    },
  }
}

type AskedPorts = Pick<Ports, 'shards' | 'database'>

type ReadTerms = AskedPorts & {
  readonly clock: Clock
  readonly keepAlive: (turn: Promise<unknown>) => void
}

/**
 * Waits for a read that may ask shards and Postgres several times. Rejects with Unavailable after READ_MS_MAX. The read is
 * kept alive then, because only the timer of its statement cancels that in Postgres; but it asks nothing more, because
 * nobody waits for that.
 */
export async function withinRead<T>(
  { clock, keepAlive, ...asked }: ReadTerms,
  read: (asked: AskedPorts) => Promise<T>,
): Promise<T> {
  let isOver = false
  const reading = read(askedUntil(() => isOver, asked))
  try {
    return await within(clock, READ_MS_MAX, reading)
  } catch (error) {
    if (!(error instanceof Timeout)) throw error
    isOver = true
    keepAlive(Promise.allSettled([reading]))
    throw new Unavailable('shard_or_postgres', error)
  }
}

/** The calls of a read, which are not made any more once it is over. */
function askedUntil(isOver: () => boolean, { shards, database }: AskedPorts): AskedPorts {
  async function unlessOver<A>(ask: () => Promise<A>): Promise<A> {
    if (isOver()) throw new Timeout('the read has been answered without this call')
    return ask()
  }
  return {
    shards: {
      ...shards,
      unsettled: (...args) => unlessOver(() => shards.unsettled(...args)),
      unsettledSum: (...args) => unlessOver(() => shards.unsettledSum(...args)),
      unsettledGroups: (...args) => unlessOver(() => shards.unsettledGroups(...args)),
    },
    database: {
      ...database,
      readCommitted: (...args) => unlessOver(() => database.readCommitted(...args)),
      readSeries: (...args) => unlessOver(() => database.readSeries(...args)),
      readGroups: (...args) => unlessOver(() => database.readGroups(...args)),
    },
  }
}

function inTime<T>(clock: Clock, source: Source, ask: () => Promise<T>): Promise<T> {
  return orUnavailable(source, () => within(clock, READ_MS_MAX, ask()))
}

async function orUnavailable<T>(source: Source, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    throw error instanceof NoDatabase || error instanceof TooSlow ? error : new Unavailable(source, error)
  }
}
