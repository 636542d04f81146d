import type { Plant, Suite } from '../plants.ts'

const FLUSH = 'src/shard/flush.ts'
const STORE = 'src/shard/store.ts'
const RECUT = 'src/model/recut.ts'

const FLUSH_TESTS: Suite = { project: 'node', file: 'test/shard/flush.test.ts' }
const RECUT_TESTS: Suite = { project: 'node', file: 'test/model/recut.test.ts' }
const onPostgres = (titles: string): Suite => ({
  project: 'node',
  file: 'test/postgres/flush.test.ts',
  titles,
})

const SEAL = 'const outcome = await sink.seal(store.writer, formatShardName(name))'

/** Between a frozen batch and its end: settled, moved on or parked. */
export const FLUSHING: readonly Plant[] = [
  {
    name: 'settle-before-the-answer',
    mistake: 'a batch is forgotten once it is sent, not once Postgres has confirmed it',
    edits: [
      {
        file: FLUSH,
        find: 'const outcome = await sink.apply(this.#batchOf(frozen))',
        replace: `const sending = sink.apply(this.#batchOf(frozen))
    store.settle(frozen.seq)
    const outcome = await sending`,
      },
      {
        file: FLUSH,
        find: 'store.settle(frozen.seq, sent.ms)',
        replace: '',
      },
    ],
    suite: FLUSH_TESTS,
  },
  {
    name: 'armed-after-the-wait',
    mistake: 'the next alarm is armed after the flush, so a crash in between leaves the shard without one',
    edits: [
      {
        file: FLUSH,
        find: `if (store.frozen.length === 0) store.freeze(nowMs, armNext)
    else armNext()`,
        replace: 'if (store.frozen.length === 0) store.freeze(nowMs, () => undefined)',
      },
      {
        file: FLUSH,
        find: 'for (const line of tellApplied(applied)) log(line)\n',
        replace: 'for (const line of tellApplied(applied)) log(line)\n    armNext()\n',
      },
    ],
    suite: FLUSH_TESTS,
  },
  {
    name: 'two-flushes-at-a-time',
    mistake: 'a second alarm sends what the first is sending',
    edits: [{ file: FLUSH, find: 'if (this.#isRunning) return', replace: 'if (Date.now() < 0) return' }],
    suite: FLUSH_TESTS,
  },
  {
    name: 'no-answer-taken-for-success',
    mistake: 'a batch whose answer was lost is settled',
    edits: [
      {
        file: FLUSH,
        find: `      case 'applied':
        store.settle`,
        replace: `      case 'ambiguous':
      case 'applied':
        store.settle`,
      },
    ],
    suite: FLUSH_TESTS,
  },
  {
    name: 'recut-without-a-seal',
    mistake: 'a frozen batch is cut anew for another writer while copies of it may still be applied',
    edits: [
      {
        file: FLUSH,
        find: `const { store, sink, clock, name, log } = this.#services
    ${SEAL}`,
        replace: `const { store, clock, log } = this.#services
    const outcome = { kind: 'sealed', sealed: { seq: (store.frozen[0]?.seq ?? 1) - 1, batch: null } } as const`,
      },
      {
        file: FLUSH,
        find: `if (outcome.kind !== 'sealed') return this.#backOff(outcome, 'seal failed')`,
        replace: '',
      },
    ],
    suite: onPostgres('a batch that times out'),
  },
  {
    name: 'seq-restarted-under-the-same-writer',
    mistake: 'moving on begins again at seq 1 and keeps the sealed writer',
    edits: [
      { file: 'src/shard/parking.ts', find: 'settled, writer: uuid(), nextSeq', replace: 'settled, nextSeq' },
    ],
    suite: onPostgres('another past'),
  },
  {
    name: 'sealed-seq-taken-for-ours',
    mistake: 'the batch at the sealed seq is settled though its id is another',
    edits: [
      { file: RECUT, find: '(seq === sealed.seq && id === sealed.batch)', replace: '(seq === sealed.seq)' },
    ],
    suite: RECUT_TESTS,
  },
  {
    name: 'applied-batches-moved-too',
    mistake: 'what the seal shows as applied goes to the new writer all the same',
    edits: [
      {
        file: RECUT,
        find: 'frozen.filter((batch) => !isApplied(batch))',
        replace: 'frozen.filter(() => true)',
      },
    ],
    suite: RECUT_TESTS,
  },
  {
    name: 'whole-batch-parked',
    mistake: 'one bad cell parks all of its batch',
    edits: [
      {
        file: FLUSH,
        find: `if (cells.length > 1) return this.#moveOn`,
        replace: `if (cells.length < 1) return this.#moveOn`,
      },
    ],
    suite: onPostgres('a cell that Postgres refuses'),
  },
  {
    name: 'erase-without-a-seal',
    mistake: 'a shard deletes itself though a copy of its batches may still be applied',
    edits: [
      {
        file: FLUSH,
        find: `${SEAL}
    if (outcome.kind !== 'sealed') {
      this.#backOff(outcome, 'seal failed')
      return
    }`,
        replace: '',
      },
    ],
    suite: onPostgres('retirement'),
  },
  {
    name: 'erase-without-a-look',
    mistake: 'a shard deletes what came in while it waited for its seal',
    edits: [{ file: FLUSH, find: 'if (!store.isEmpty) return\n', replace: '' }],
    suite: { project: 'node', file: 'test/shard/retire.test.ts' },
  },
  {
    name: 'later-cells-of-a-parked-key-sent',
    mistake: 'later cells of a parked key are frozen, to be refused again',
    edits: [
      {
        file: STORE,
        find: 'return cell === undefined ? [] : [[key, cell]]',
        replace: 'return cell === undefined ? [] : []',
      },
    ],
    suite: { project: 'node', file: 'test/shard/parked.test.ts' },
  },
]
