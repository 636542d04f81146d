import type { Plant, Suite } from '../plant.ts'

const HOLDINGS = 'src/shard/answers/holdings.ts'
const SUM = 'src/model/sum.ts'

const SHARD: Suite = { project: 'node', file: 'test/shard/holdings.test.ts' }
const SUMS: Suite = { project: 'node', file: 'test/model/sum.test.ts' }

/** Mistakes in a shard's account of what it holds, to readers and to the bound of its isolate; and in adding up. */
export const HOLDINGS_PLANTS: readonly Plant[] = [
  {
    name: 'settled-told-one-too-high',
    mistake: 'a shard with frozen batches says that Postgres has the first of them [R1]',
    edits: [
      {
        file: HOLDINGS,
        find: 'settledSeq: (frozen[0]?.seq ?? nextSeq) - 1',
        replace: 'settledSeq: frozen[0]?.seq ?? nextSeq - 1',
      },
    ],
    suite: SHARD,
  },
  {
    name: 'first-frozen-batch-of-a-series',
    mistake: "a prefix's fresh read sees only the first frozen batch of several [R1]",
    edits: [
      {
        file: HOLDINGS,
        find: `parked: sumWhere(cellsOfParked(parked), isAsked),
    frozen: frozen.flatMap(`,
        replace: `parked: sumWhere(cellsOfParked(parked), isAsked),
    frozen: frozen.slice(0, 1).flatMap(`,
      },
    ],
    suite: SHARD,
  },
  {
    name: 'first-frozen-batch-of-an-hour',
    mistake: '/hours counts only the first frozen batch of several as pending [C1]',
    edits: [
      { file: HOLDINGS, find: 'pending: frozen.reduce(', replace: 'pending: frozen.slice(0, 1).reduce(' },
    ],
    suite: SHARD,
  },
  {
    name: 'parked-cells-weigh-nothing',
    mistake: 'parked cells are left out of the load that bounds a shard [I5]',
    edits: [
      { file: HOLDINGS, find: 'cells + parked.size + labelSets.size', replace: 'cells + labelSets.size' },
    ],
    suite: SHARD,
  },
  {
    name: 'parked-bytes-weigh-nothing',
    mistake: "the bytes of parked cells' keys are left out of the load that bounds a shard [I5]",
    edits: [
      {
        file: HOLDINGS,
        find: 'for (const key of parked.keys()) bytes += cellBytes(key)',
        replace: '',
      },
    ],
    suite: SHARD,
  },
  {
    name: 'sum-exact-up-to-and-with-2-53',
    mistake: 'a sum of two numbers is taken for exact when it is rounded to 2^53 [A2]',
    edits: [
      {
        file: SUM,
        find: 'if (Number.isSafeInteger(sum)) return sum',
        replace: 'if (Math.abs(sum) <= 2 ** 53) return sum',
      },
    ],
    suite: SUMS,
  },
  {
    name: 'narrowed-up-to-and-with-2-53',
    mistake: 'a sum of 2^53 becomes a number, to which nothing is added exactly any more [A2]',
    edits: [
      {
        file: SUM,
        find: 'return Number.isSafeInteger(number) ? number : sum',
        replace: 'return Math.abs(number) <= 2 ** 53 ? number : sum',
      },
    ],
    suite: SUMS,
  },
  {
    name: 'move-forgotten-at-a-freeze',
    mistake: 'a shard says why it moved to another writer only until its next freeze',
    edits: [{ file: 'src/shard/freezing.ts', find: '    moved,\n', replace: '' }],
    suite: { project: 'node', file: 'test/shard/store.test.ts' },
  },
]
