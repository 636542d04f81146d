import type { Config } from '../../config.ts'
import { must } from '../../model/assert.ts'
import type { Result } from '../../model/result.ts'
import { fail, ok } from '../../model/result.ts'
import type { Problem } from '../http/problem.ts'
import type { Database, Shards } from '../ports.ts'
import { FIRST_OF_ALL, isAllByMonth, monthsBefore, sinceItsBegin } from './all-time.ts'
import { type CounterAnswer, type SubjectAnswer, unreadableOf } from './answers.ts'
import type { Found } from './found.ts'
import { findAll, readingsOf } from './found.ts'
import { askForKeys, shardsOfKeys } from './fresh.ts'
import type { GroupingQuery } from './grouping.ts'
import type { GroupServices } from './groups.ts'
import { readGroups } from './groups.ts'
import type { KnownWriters } from './known-writers.ts'
import type { CounterParameters, CounterQuery } from './query.ts'
import { counterQueryOf } from './query.ts'

export type ReadServices = {
  readonly database: Pick<Database, 'readCommitted'>
  readonly shards: Pick<Shards, 'unsettled'>
  readonly known?: KnownWriters | undefined
  readonly config: Pick<Config, 'shards'>
  readonly nowMs: number
}

/** Reads keys as checked parameters ask. The caller has checked that these may be read. */
export async function readKeys(
  parameters: CounterParameters,
  services: ReadServices & GroupServices & { readonly database: Pick<Database, 'firstHour'> },
): Promise<Result<CounterAnswer[], Problem>> {
  const { nowMs, database } = services
  const allTime = await readAllTime(parameters, services)
  if (allTime !== undefined) return allTime
  const firstHour = () => database.firstHour({ keys: parameters.key })
  const query = await counterQueryOf(parameters, { nowMs, firstHour })
  if (!query.ok) return query
  const { groups } = query.value
  return groups === undefined
    ? readCounters(query.value, services)
    : readCounterGroups(query.value, groups, services)
}

/**
 * Reads keys by hours, days, weeks or months. Answers for each key in order, with empty buckets filled in. [R2]
 *
 * Among several keys, one that has unreadable rows holds none of the others, and its answer names them. For a key that was
 * asked for alone they are a problem, because a sum that lacks a row must not look like one that is whole.
 */
export async function readCounters(
  query: CounterQuery,
  services: ReadServices,
): Promise<Result<CounterAnswer[], Problem>> {
  const found = await findCounters(query, services)
  return found.ok ? answersOf(query.keys, readingsOf(found.value, query.keys)) : found
}

/** Reads keys over all time in one statement; undefined where that does not show in which month it begins. */
async function readAllTime(
  parameters: CounterParameters,
  services: ReadServices,
): Promise<Result<CounterAnswer[], Problem> | undefined> {
  if (!isAllByMonth(parameters)) return undefined
  const { nowMs } = services
  const from = monthsBefore(nowMs, parameters.tz)
  const query = await counterQueryOf(parameters, { nowMs, firstHour: async () => from })
  if (!query.ok) return query
  const found = await findCounters({ ...query.value, earlier: FIRST_OF_ALL }, services)
  if (!found.ok) return found
  const known = sinceItsBegin(found.value, nowMs)
  return known && answersOf(query.value.keys, readingsOf(known, query.value.keys))
}

function findCounters(
  query: CounterQuery,
  { database, shards, known, config, nowMs }: ReadServices,
): Promise<Result<Found, Problem>> {
  const { keys } = query
  return findAll(query, nowMs, {
    shardsOfHour: shardsOfKeys(keys, config.shards),
    ask: askForKeys(shards.unsettled),
    known,
    readRows: (rows) => database.readCommitted({ keys, ...rows }),
  })
}

/** Reads keys, each broken down by the labels of its slices. [R2] [L1] */
export async function readCounterGroups(
  query: CounterQuery,
  groups: GroupingQuery,
  { config, nowMs, ...services }: GroupServices & Pick<ReadServices, 'config' | 'nowMs'>,
): Promise<Result<CounterAnswer[], Problem>> {
  const { keys } = query
  const readings = await readGroups(query, groups, nowMs, {
    services,
    subjects: keys,
    shardsOfHour: shardsOfKeys(keys, config.shards),
    heldOf: (own) => ({ keys: own }),
    rows: { keys },
  })
  return readings.ok ? answersOf(keys, readings.value) : readings
}

function answersOf(
  keys: readonly string[],
  readings: readonly SubjectAnswer[],
): Result<CounterAnswer[], Problem> {
  const answers = keys.map((key, i): CounterAnswer => {
    const { unreadable = [], ...reading } = must(readings[i], 'the reading of a key')
    return { key, ...reading, ...unreadableOf(unreadable.filter((row) => row.key === key)) }
  })
  const [first] = answers
  const bad = answers.length === 1 ? first?.unreadable : undefined
  return bad === undefined ? ok(answers) : fail({ kind: 'unreadable_rows', rows: bad })
}
