import { AHEAD_MS_MAX, FRESH_SHARDS_MAX, FRESH_TRIES_MAX } from '../../limits.ts'
import { must } from '../../model/assert.ts'
import type { Cell } from '../../model/cell.ts'
import { EMPTY_CELL, mergeCells } from '../../model/cell.ts'
import type { Hour, HourRange } from '../../model/hour.ts'
import { addHours, hourOf } from '../../model/hour.ts'
import type { CommittedRead, Unsettled } from '../../model/read.ts'
import { heldAbove, isOfLedger, unsettledPart } from '../../model/read.ts'
import type { Result } from '../../model/result.ts'
import { ok } from '../../model/result.ts'
import type { Schedule } from '../../model/schedule.ts'
import { formatShardName, hashKey, shardNamesOf, slotOf } from '../../model/shard-name.ts'
import { invalid } from '../http/parameters.ts'
import type { Problem } from '../http/problem.ts'
import type { Shards } from '../ports.ts'
import type { KnownWriters } from './known-writers.ts'

/** By key and hour, what shards hold and Postgres does not have. */
export type UnsettledByKey = ReadonlyMap<string, ReadonlyMap<Hour, Cell>>

export type FreshRead = {
  readonly committed: CommittedRead
  readonly unsettled: UnsettledByKey
  /** By key. It is equal in two answers when no flush came between them, so that only what is unsettled may differ. */
  readonly asOf: ReadonlyMap<string, string>
}

/** A shard to ask, and its own keys among those that are read. */
export type ShardQuery = { readonly shard: string; readonly hour: Hour; readonly keys: readonly string[] }

/** A shard's answer: the sums that it holds, by the names of keys, of a prefix, or of groups of slices. */
type NamedSums = readonly (readonly [name: string, unsettled: Unsettled])[]

export type AskShard = (query: ShardQuery) => Promise<NamedSums>

type ShardAnswer = { readonly query: ShardQuery; readonly unsettled: NamedSums }

/** Asks for keys, each by itself. */
export function askForKeys(ask: Shards['unsettled']): AskShard {
  return async ({ shard, keys }) => {
    const unsettled = await ask(shard, keys)
    return keys.map((key, i) => [key, must(unsettled[i], "a shard's answer for a key")])
  }
}

/** The current hour and those before it; close to the turn also the next, because clients' clocks may be ahead. */
export function freshRange(nowMs: number, freshHours: number): HourRange {
  return { from: addHours(hourOf(nowMs), -freshHours), to: addHours(hourOf(nowMs + AHEAD_MS_MAX), 1) }
}

/** The shards of an hour to ask. */
export type ShardsOfHour = (hour: Hour) => readonly ShardQuery[]

/** The shards of an hour to ask for these keys. */
export function shardsOfKeys(keys: readonly string[], shards: Schedule): ShardsOfHour {
  return (hour) => {
    const bySlot = Map.groupBy(keys, (key) => slotOf(key, hour, shards))
    return Array.from(bySlot, ([slot, own]) => ({
      shard: formatShardName({ hour, slot }),
      hour,
      keys: own,
    }))
  }
}

/** All shards of an hour, because keys under a prefix are in any of them. `name` names their sum. */
export function shardsOfSeries(name: string, shards: Schedule): ShardsOfHour {
  return (hour) => shardNamesOf(hour, shards).map((shard) => ({ shard, hour, keys: [name] }))
}

/** The shards to ask, of the hours that are fresh and in one of the ranges. */
export function shardsToAsk(
  ranges: readonly HourRange[],
  fresh: HourRange,
  shardsOfHour: ShardsOfHour,
): Result<readonly ShardQuery[], Problem> {
  const asked = ranges.flatMap(({ from, to }) => {
    const own: ShardQuery[] = []
    const end = Math.min(to, fresh.to)
    for (let hour = Math.max(from, fresh.from) as Hour; hour < end; hour = addHours(hour, 1)) {
      own.push(...shardsOfHour(hour))
    }
    return own
  })
  if (asked.length <= FRESH_SHARDS_MAX) return ok(asked)
  return invalid('freshHours', { asked: asked.length, max: FRESH_SHARDS_MAX, unit: 'shards' })
}

/**
 * Reads rows and what is not in them yet, as of one instant. Postgres is asked beside the shards where their writers are
 * known, because the ledger tells whether the two fit together, whichever of them answered first. Where they do not, it is
 * asked again, now after the shards. [R1]
 *
 * @returns undefined when flushes landed at every try.
 */
export async function readFresh(
  asked: readonly ShardQuery[],
  { ask, known, readCommitted }: FreshSource,
): Promise<FreshRead | undefined> {
  const writers = known?.of(asked.map(({ shard }) => shard))
  const asking = askShards(asked, ask)
  const [answers, committed] = await both(asking, writers && readCommitted(writers))
  const isOfRows = committed !== undefined && areOf(committed.ledger, new Set(writers), answers)
  return isOfRows ? joined(committed, answers) : await readRowsAfter(answers, { ask, known, readCommitted })
}

/** The shards and the Postgres of a fresh read. */
export type FreshSource = {
  readonly ask: AskShard
  readonly known?: KnownWriters | undefined
  /** Reads rows, and the ledger of these writers, in one statement. */
  readonly readCommitted: (writers: readonly string[]) => Promise<CommittedRead>
}

/** Waits for both also when one rejects, because a statement that outlives its request is cancelled by nobody. */
async function both<A, B>(a: Promise<A>, b: Promise<B> | undefined): Promise<[A, B | undefined]> {
  await Promise.allSettled([a, b])
  return Promise.all([a, b])
}

/**
 * Reads rows after the shards have answered. Where a flush has landed in between, its shard alone is asked again, because
 * what the others said is still true of these rows; and the rows only when that does not help. [R1]
 */
async function readRowsAfter(
  first: readonly ShardAnswer[],
  { ask, known, readCommitted }: FreshSource,
): Promise<FreshRead | undefined> {
  let answers = first
  for (const { query, unsettled } of first) {
    for (const [, { writer }] of unsettled) known?.learn(query.shard, writer)
  }
  for (let attempt = 1; attempt <= FRESH_TRIES_MAX; attempt++) {
    // After the shards and never before, so that whatever they have settled by now is in the rows.
    const writers = new Set(answers.flatMap(({ unsettled }) => unsettled.map(([, { writer }]) => writer)))
    const committed = await readCommitted([...writers])
    const { ledger } = committed
    const fitting = (answer: ShardAnswer) =>
      answer.unsettled.every(([, own]) => unsettledPart(own, ledger) !== undefined)
    const moved = answers.filter((answer) => !fitting(answer)).map(({ query }) => query)
    const again = moved.length === 0 ? [] : await askShards(moved, ask)
    answers = answers.map((answer) => again.find(({ query }) => query === answer.query) ?? answer)
    if (areOf(ledger, writers, again)) return joined(committed, answers)
  }
  return undefined
}

/** Whether answers fit the ledger, which was asked for these writers, whichever of the two was read first. [R1] */
function areOf(
  ledger: CommittedRead['ledger'],
  writers: ReadonlySet<string>,
  answers: readonly ShardAnswer[],
): boolean {
  return answers.every(({ unsettled }) =>
    unsettled.every(([, own]) => writers.has(own.writer) && isOfLedger(own, ledger)),
  )
}

/** @param answers that fit the rows. */
function joined(committed: CommittedRead, answers: readonly ShardAnswer[]): FreshRead {
  const partOf = (own: Unsettled) =>
    must(unsettledPart(own, committed.ledger), 'an answer that fits the rows')
  return {
    committed,
    unsettled: unsettledOf(answers, partOf),
    asOf: asOf(answers, ({ writer }) => committed.ledger.get(writer)?.seq ?? 0),
  }
}

/** Reads what the shards hold, without Postgres. Together with rows of the same `asOf` it makes a fresh read. */
export async function readHeld(asked: readonly ShardQuery[], ask: AskShard): Promise<FreshRead> {
  const answers = await askShards(asked, ask)
  return {
    committed: { counters: new Map(), ledger: new Map(), unreadable: [], coarse: [] },
    unsettled: unsettledOf(answers, (own) => heldAbove(own, own.settledSeq)),
    asOf: asOf(answers, ({ settledSeq }) => settledSeq),
  }
}

function askShards(asked: readonly ShardQuery[], ask: AskShard): Promise<ShardAnswer[]> {
  return Promise.all(asked.map(async (query) => ({ query, unsettled: await ask(query) })))
}

/**
 * Names the batches that are in the rows: each shard's writer and its last batch, 0 included, because a shard that has
 * moved to a new writer may have settled batches under the old one. A shard that has stored nothing yet is left out.
 */
function asOf(answers: readonly ShardAnswer[], seqOf: (unsettled: Unsettled) => number): FreshRead['asOf'] {
  const batches = answers.flatMap(({ unsettled }) =>
    unsettled.flatMap(([key, own]) => {
      const seq = seqOf(own)
      const { isStored = seq > 0 } = own
      return isStored ? [{ key, batch: `${own.writer}:${seq}` }] : []
    }),
  )
  const byKey = Map.groupBy(batches, ({ key }) => key)
  return new Map(Array.from(byKey, ([key, own]) => [key, hashed(own.map(({ batch }) => batch).join(' '))]))
}

/** Hashes the text, because 300 shards would add 12 kB to each answer. */
function hashed(text: string): string {
  // Prepend, do not append: FNV is a running hash, so texts that collide still collide after a common suffix.
  return [text, `.${text}`].map((part) => hashKey(part).toString(16).padStart(8, '0')).join('')
}

function unsettledOf(
  answers: readonly ShardAnswer[],
  partOf: (unsettled: Unsettled) => Cell,
): UnsettledByKey {
  const all = new Map<string, Map<Hour, Cell>>()
  for (const { query, unsettled } of answers) {
    for (const [key, own] of unsettled) {
      const part = partOf(own)
      if (part.count === EMPTY_CELL.count) continue
      const { hour } = query
      const hours = all.get(key) ?? new Map<Hour, Cell>()
      // The keys under a prefix are in several shards of an hour.
      all.set(key, hours.set(hour, mergeCells(hours.get(hour) ?? EMPTY_CELL, part)))
    }
  }
  return all
}
