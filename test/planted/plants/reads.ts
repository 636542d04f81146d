import type { Plant, Suite } from '../plant.ts'

const COUNTERS_TESTS: Suite = { project: 'node', file: 'test/edge/read/counters.test.ts' }
const FRESH_TESTS: Suite = { project: 'node', file: 'test/edge/read/fresh.test.ts' }

/** Fresh reads, from the calls to shards to the rows that they fit. */
export const READ_PLANTS: readonly Plant[] = [
  {
    name: 'shards-asked-after-the-rows',
    mistake: 'a fresh read asks the shards after Postgres, and misses what was flushed in between [R1]',
    edits: [
      {
        file: 'src/edge/read/fresh.ts',
        find: 'readCommitted([...writers])\n',
        replace:
          'readCommitted([...writers])\n    answers = await askShards(\n      answers.map(({ query }) => query),\n      ask,\n    )\n',
      },
    ],
    suite: FRESH_TESTS,
  },
  {
    name: 'ledger-of-another-instant',
    mistake: 'a fresh read asks for the ledger apart from the rows, and a flush lands in between [R1]',
    edits: [
      {
        file: 'src/edge/read/fresh.ts',
        find: 'const { ledger } = committed\n',
        replace: 'const { ledger } = await readCommitted([...writers])\n',
      },
    ],
    suite: FRESH_TESTS,
  },
  {
    name: 'shard-asked-once-for-two-tries',
    mistake:
      'a fresh read whose shard has flushed meanwhile takes what it said before for an answer to its next try [R1]',
    edits: [
      {
        file: 'src/edge/read/fresh.ts',
        find: 'await askShards(moved, ask)',
        replace: 'answers.filter(({ query }) => moved.includes(query))',
      },
    ],
    suite: COUNTERS_TESTS,
  },
  {
    name: 'rows-before-a-settled-batch',
    mistake: 'a shard that is asked again and has settled what the rows lack is taken to hold nothing [R1]',
    edits: [
      {
        file: 'src/edge/read/fresh.ts',
        find: 'isOfLedger(own, ledger)),',
        replace: 'unsettledPart(own, ledger) !== undefined),',
      },
    ],
    suite: COUNTERS_TESTS,
  },
  {
    name: 'ledger-without-the-new-writer',
    mistake:
      'a shard that has moved is believed that its new writer has applied nothing, because nobody asked [R1]',
    edits: [{ file: 'src/edge/read/fresh.ts', find: 'writers.has(own.writer) && ', replace: '' }],
    suite: FRESH_TESTS,
  },
  {
    name: 'rows-beside-an-old-answer',
    mistake: 'a shard that has settled what the rows beside it lack is taken to hold nothing [R1]',
    edits: [
      {
        file: 'src/edge/read/fresh.ts',
        find: 'committed !== undefined && areOf(committed.ledger, new Set(writers), answers)',
        replace:
          'committed !== undefined && answers.every((answer) => answer.unsettled.every(([, own]) => unsettledPart(own, committed.ledger) !== undefined))',
      },
    ],
    suite: FRESH_TESTS,
  },
  {
    name: 'joins-a-call-on-its-way',
    mistake: 'a read takes the answer to a call that was sent before it began [R1]',
    edits: [
      {
        file: 'src/edge/read/shared-calls.ts',
        find: 'line?.next ?? emptyCall()',
        replace:
          '(line && !line.next && keys.every((key) => line.underWay.places.has(key)) ? line.underWay : line?.next) ?? emptyCall()',
      },
    ],
    suite: { project: 'node', file: 'test/edge/read/shared-calls.test.ts' },
  },
  {
    name: 'read-goes-on-after-its-answer',
    mistake: 'a read that took too long tries again when nobody waits for it any more',
    edits: [{ file: 'src/edge/deadlines.ts', find: '    isOver = true\n', replace: '' }],
    suite: { project: 'node', file: 'test/edge/read/read-deadline.test.ts', titles: 'asks nothing more' },
  },
  {
    name: 'all-of-the-time-for-each-statement',
    mistake: 'a read of three statements takes three times as long as a person waits',
    edits: [
      {
        file: 'src/postgres/too-slow.ts',
        find: 'Math.max(1, endsMs - clock.now())',
        replace: 'statementMs',
      },
    ],
    suite: { project: 'node', file: 'test/postgres/too-slow.test.ts', titles: 'have its time together' },
  },
]
