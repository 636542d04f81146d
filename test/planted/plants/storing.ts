import type { Plant, Suite } from '../plants.ts'

const MERGE = 'src/shard/merge.ts'
const STORE = 'src/shard/store.ts'

const GROUP = 'src/shard/group-commit.ts'
const GROUP_TESTS: Suite = { project: 'node', file: 'test/shard/group-commit.test.ts' }
const STORE_TESTS: Suite = { project: 'node', file: 'test/shard/store.test.ts' }
const FLIGHT_TESTS: Suite = { project: 'workerd', file: 'test/workerd/faults.test.ts', titles: 'a flight ' }

/** Between a flight's arrival and its row in the journal, and from there to the frozen batch. */
export const STORING: readonly Plant[] = [
  {
    name: 'acknowledge-first',
    mistake: 'a flight is answered accepted before it is journaled',
    edits: [
      {
        file: MERGE,
        find: 'store.merge(arrivals, conditions.nowMs)',
        replace: 'setTimeout(() => store.merge(arrivals, conditions.nowMs), 0)',
      },
    ],
    suite: { project: 'workerd', file: 'test/workerd/route-to-row.test.ts', titles: 'I1' },
  },
  {
    name: 'journal-left-out',
    mistake: 'a flight is kept in memory alone',
    edits: [
      {
        file: STORE,
        find: 'for (const row of rows) tables.appendJournal(this.#sql, { ...row, sinceMs: nowMs })',
        replace: '',
      },
    ],
    suite: STORE_TESTS,
  },
  {
    name: 'memory-first',
    mistake: 'memory changes before the transaction that may fail',
    edits: [
      {
        file: STORE,
        find: 'const rows = journalRows(memory.state.accepted, taken)',
        replace: `const rows = journalRows(memory.state.accepted, taken)
    for (const { name, cells, bytes } of taken) remember(memory, name, cells, bytes, nowMs)`,
      },
      { file: STORE, find: '      remember(memory, name, cells, bytes, nowMs)\n', replace: '' },
    ],
    suite: STORE_TESTS,
  },
  {
    name: 'duplicate-flight-counted',
    mistake: 'a flight that comes again is counted again',
    edits: [
      { file: MERGE, find: `if (status === 'known') return accepted(store.judge(flight))`, replace: '' },
    ],
    suite: FLIGHT_TESTS,
  },
  {
    name: 'stale-flight-accepted',
    mistake: 'a flight that was given up long ago is counted when it arrives after later ones',
    edits: [{ file: MERGE, find: `if (status === 'stale') return refused('stale')`, replace: '' }],
    suite: FLIGHT_TESTS,
  },
  {
    name: 'closed-hour-accepted-by-the-shard',
    mistake: 'a shard takes flights after its hour has closed',
    edits: [
      {
        file: MERGE,
        find: `if (conditions.nowMs >= conditions.closesMs) return refused('closed')`,
        replace: '',
      },
    ],
    suite: FLIGHT_TESTS,
  },
  {
    name: 'names-forgotten-at-freeze',
    mistake: 'a freeze forgets which flights have been counted',
    edits: [
      {
        file: STORE,
        find: '...emptyMemory(state.writer), senders, ids, parked',
        replace: '...emptyMemory(state.writer), ids, parked',
      },
    ],
    suite: STORE_TESTS,
  },
  {
    name: 'id-kept-without-its-increment',
    mistake: 'the rows of ids are written before the transaction, and stay when the journal row fails',
    edits: [
      {
        file: STORE,
        find: '      for (const { name, fresh } of taken) if (name !== null) tables.insertIds(this.#sql, fresh, name)\n',
        replace: '',
      },
      {
        file: STORE,
        find: 'const rows = journalRows(memory.state.accepted, taken)',
        replace: `const rows = journalRows(memory.state.accepted, taken)
    if (!this.#isStored) tables.createTables(this.#sql, memory.state.writer)
    this.#isStored = true
    for (const { name, fresh } of taken) if (name !== null) tables.insertIds(this.#sql, fresh, name)`,
      },
    ],
    suite: STORE_TESTS,
  },
  {
    name: 'ids-forgotten',
    mistake: 'an id is not remembered',
    edits: [
      { file: STORE, find: 'if (name !== null) tables.insertIds(this.#sql, fresh, name)', replace: '' },
    ],
    suite: STORE_TESTS,
  },
  {
    name: 'first-answer-forgotten',
    mistake: 'an id in a flight that comes again is told as a duplicate, for its row is there',
    edits: [
      {
        file: 'src/model/entry.ts',
        find: 'before === undefined || isSame(before.flight, flight)',
        replace: 'before === undefined',
      },
    ],
    suite: STORE_TESTS,
  },
  {
    name: 'names-not-stored-at-freeze',
    mistake: "a freeze deletes the journal without saving its flights' names",
    edits: [
      {
        file: STORE,
        find: `this.#saveSenders()
      tables.clearJournal(this.#sql, this.#memory.unfoldedFlights)`,
        replace: 'tables.clearJournal(this.#sql, this.#memory.unfoldedFlights)',
      },
    ],
    suite: STORE_TESTS,
  },
  {
    name: 'names-dropped-by-a-fold',
    mistake: 'a fold of the journal drops the senders',
    edits: [
      {
        file: STORE,
        find: `this.#saveSenders()
      tables.saveState(this.#sql, state)`,
        replace: 'tables.saveState(this.#sql, state)',
      },
    ],
    suite: { project: 'node', file: 'test/shard/fold.test.ts' },
  },
  {
    name: 'journal-kept-at-freeze',
    mistake: 'what was frozen stays in the journal, and is replayed as open',
    edits: [
      {
        file: STORE,
        find: `      tables.clearJournal(this.#sql, this.#memory.unfoldedFlights)
      alsoDurable()`,
        replace: '      alsoDurable()',
      },
    ],
    suite: STORE_TESTS,
  },
  {
    name: 'answered-before-the-group-is-journaled',
    mistake: 'flights that wait for others are answered before their row is written',
    edits: [
      {
        file: GROUP,
        find: 'this.#waiting.push({ incoming, resolve, reject })',
        replace: `this.#waiting.push({ incoming, resolve, reject })
    resolve({ kind: 'accepted' })`,
      },
    ],
    suite: GROUP_TESTS,
  },
  {
    name: 'two-flights-of-a-sender-in-a-group',
    mistake: 'a flight waits beside an earlier copy of itself, and both are counted',
    edits: [
      {
        file: GROUP,
        find: 'if (this.#waiting.some((each) => each.incoming.name.sender === sender)) this.#commit()',
        replace: '',
      },
    ],
    suite: GROUP_TESTS,
  },
  {
    name: 'failed-group-left-waiting',
    mistake: 'when the row of a group cannot be written, nobody is told',
    edits: [
      {
        file: GROUP,
        find: 'for (const { reject } of group) reject(error)',
        replace: 'throw error',
      },
    ],
    suite: GROUP_TESTS,
  },
  {
    name: 'lines-of-a-row-lost',
    mistake: 'of flights that share a row a replay reads the first alone',
    edits: [
      {
        file: 'src/shard/journal.ts',
        find: "return flight.split('\\n')",
        replace: "return flight.split('\\n').slice(0, 1)",
      },
    ],
    suite: GROUP_TESTS,
  },
]
