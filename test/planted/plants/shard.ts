import type { Plant, Suite } from '../plant.ts'

const MERGE = 'src/shard/merge.ts'
const FREEZING = 'src/shard/freezing.ts'
const STORE = 'src/shard/store.ts'
const GROUP = 'src/shard/group-commit.ts'
const FLUSH = 'src/shard/flush.ts'
const SENDING = 'src/shard/sending/sending.ts'

const inShard = (name: string): Suite => ({ project: 'node', file: `test/shard/${name}.test.ts` })
const onPostgres = (titles: string): Suite => ({
  project: 'node',
  file: 'test/postgres/flush.test.ts',
  titles,
})

const SEAL = 'const outcome = await sink.seal(store.writer, formatShardName(name))'

/** From a flight's arrival to its row in the journal. */
const TAKING: readonly Plant[] = [
  {
    name: 'answered-before-the-group-is-journaled',
    mistake: 'flights that wait for others are answered before their row is written [I1]',
    edits: [
      {
        file: GROUP,
        find: 'this.#waiting.push({ arrival, resolve, reject })',
        replace: `this.#waiting.push({ arrival, resolve, reject })
    resolve({ kind: 'accepted' })`,
      },
    ],
    suite: inShard('group-commit'),
  },
  {
    name: 'two-flights-of-a-sender-in-a-group',
    mistake: 'a flight waits beside an earlier copy of itself, and both are counted [I4]',
    edits: [
      {
        file: GROUP,
        find: 'if (this.#waiting.some((each) => each.arrival.name.sender === sender)) this.#commit()',
        replace: '',
      },
    ],
    suite: inShard('group-commit'),
  },
  {
    name: 'known-flight-counted-again',
    mistake: 'a flight that comes again is counted again [I4]',
    edits: [
      { file: MERGE, find: `if (status === 'known') return accepted(store.judge(name, named))`, replace: '' },
    ],
    suite: inShard('merge'),
  },
  {
    name: 'stale-flight-accepted',
    mistake: 'a flight that was given up long ago is counted when it arrives after later ones [I4]',
    edits: [{ file: MERGE, find: `if (status === 'stale') return refused('stale')`, replace: '' }],
    suite: inShard('merge'),
  },
  {
    name: 'closed-before-known',
    mistake: 'a flight that was counted is refused when it comes again after its hour has closed [I4]',
    edits: [
      {
        file: MERGE,
        find: `  if (status === 'known') return`,
        replace: `  if (conditions.nowMs >= conditions.closesMs) return refused('closed')
  if (status === 'known') return`,
      },
    ],
    suite: inShard('merge'),
  },
  {
    name: 'closed-hour-accepted',
    mistake: 'a shard takes flights after its hour has closed [I3]',
    edits: [
      {
        file: MERGE,
        find: `  if (conditions.nowMs >= conditions.closesMs) return refused('closed')`,
        replace: '',
      },
    ],
    suite: inShard('merge'),
  },
  {
    name: 'never-full',
    mistake: 'the shards of an isolate take more than its memory holds [I5]',
    edits: [
      {
        file: MERGE,
        find: 'if (!hasRoom || conditions.isFull(named.length > 0)) return',
        replace: 'if (!hasRoom) return',
      },
    ],
    suite: inShard('merge'),
  },
  {
    name: 'memory-before-the-transaction',
    mistake: 'memory changes before the transaction, which may fail [I1]',
    edits: [
      {
        file: STORE,
        find: 'const rows = journalRows(memory.state.accepted, taken, this.limits.rowBytes)',
        replace: `const rows = journalRows(memory.state.accepted, taken, this.limits.rowBytes)
    for (const { name, cells, bytes } of taken) remember(memory, name, cells, bytes, nowMs)`,
      },
      { file: STORE, find: '      remember(memory, name, cells, bytes, nowMs)\n', replace: '' },
    ],
    suite: inShard('store'),
  },
  {
    name: 'names-lost-at-a-freeze',
    mistake: "a freeze deletes the journal without saving its flights' names [I4]",
    edits: [
      {
        file: FREEZING,
        find: `saveSenders(sql, memory)
    tables.clearJournal(sql, memory.unfoldedFlights)`,
        replace: 'tables.clearJournal(sql, memory.unfoldedFlights)',
      },
    ],
    suite: inShard('store'),
  },
  {
    name: 'journal-kept-at-a-freeze',
    mistake: 'frozen cells stay in the journal, and are replayed as open [C1]',
    edits: [
      {
        file: FREEZING,
        find: `    tables.clearJournal(sql, memory.unfoldedFlights)
    alsoDurable()`,
        replace: '    alsoDurable()',
      },
    ],
    suite: inShard('store'),
  },
]

/** From a frozen batch to its end: settled, moved on or parked; and the end of the shard. */
const FLUSHING: readonly Plant[] = [
  {
    name: 'settle-before-the-answer',
    mistake: 'a batch is forgotten once it is sent, not once Postgres has confirmed it [F3]',
    edits: [
      {
        file: SENDING,
        find: 'const heard = await sink.apply(batchOf(name, store.writer, frozen), withinMs(frozen, this.#course))',
        replace: `const sending = sink.apply(batchOf(name, store.writer, frozen))
    store.settle(frozen.seq)
    const heard = await sending`,
      },
      { file: SENDING, find: 'store.settle(frozen.seq, sent.ms)', replace: '' },
    ],
    suite: inShard('flush'),
  },
  {
    name: 'armed-after-the-wait',
    mistake:
      'the next alarm is armed after the flush, so a crash in between leaves the shard without one [F4]',
    edits: [
      {
        file: FLUSH,
        find: `if (this.#mayFreeze) store.freeze(nowMs, armNext)
    else armNext()`,
        replace: 'if (this.#mayFreeze) store.freeze(nowMs, () => undefined)',
      },
      {
        file: FLUSH,
        find: 'for (const line of tellApplied(applied)) log(line)\n',
        replace: 'for (const line of tellApplied(applied)) log(line)\n    armNext()\n',
      },
    ],
    suite: inShard('flush'),
  },
  {
    name: 'two-flushes-at-a-time',
    mistake: 'a second alarm sends what the first is sending [F2]',
    edits: [{ file: FLUSH, find: 'if (this.#isRunning) return', replace: 'if (Date.now() < 0) return' }],
    suite: inShard('flush'),
  },
  {
    name: 'seq-restarted-under-the-same-writer',
    mistake: 'moving on begins again at seq 1 and keeps the sealed writer [F1]',
    edits: [
      { file: 'src/shard/parking.ts', find: 'settled, writer: uuid(), nextSeq', replace: 'settled, nextSeq' },
    ],
    suite: onPostgres('another past'),
  },
  {
    name: 'parked-cells-lost',
    mistake: 'a cell is parked in memory alone, and gone with the instance [C1]',
    edits: [
      { file: 'src/shard/parking.ts', find: 'saveParked(sql, parked, moved.parked.keys)', replace: '' },
    ],
    suite: inShard('store'),
  },
  {
    name: 'erased-without-a-seal',
    mistake: 'a shard deletes itself though a copy of its batches may still be applied [Z1]',
    edits: [
      {
        file: FLUSH,
        find: `${SEAL}
    if (outcome.kind !== 'sealed') {
      this.#setbacks.backOff(outcome, 'seal failed')
      return
    }`,
        replace: '',
      },
    ],
    suite: inShard('flush'),
  },
  {
    name: 'erased-without-a-look',
    mistake: 'a shard deletes what came in while it waited for its seal [Z1]',
    edits: [{ file: FLUSH, find: 'if (!store.isEmpty) return\n', replace: '' }],
    suite: inShard('retire'),
  },
]

export const SHARD_PLANTS: readonly Plant[] = [...TAKING, ...FLUSHING]
