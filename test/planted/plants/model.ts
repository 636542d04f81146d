import type { Plant } from '../plant.ts'

/** Decisions that are pure functions: names, slots, cuts, plans, what a read adds up. */
export const MODEL_PLANTS: readonly Plant[] = [
  {
    name: 'prefix-covers-by-text',
    mistake: 'a token for site/acme counts and reads site/acme-corp too [S2]',
    edits: [
      {
        file: 'src/model/key.ts',
        find: `key === prefix || key.startsWith(\`\${prefix}/\`)`,
        replace: 'key.startsWith(prefix)',
      },
    ],
    suite: { project: 'node', file: 'test/model/access/token.test.ts' },
  },
  {
    name: 'slot-by-the-newest-shard-count',
    mistake: "a key's slot comes from the newest shard count, not from that of its hour [K2]",
    edits: [
      {
        file: 'src/model/shard-name.ts',
        find: 'const count = valueAt(shards, hour)',
        replace: 'const count = shards.at(-1)?.value ?? hour',
      },
    ],
    suite: { project: 'node', file: 'test/model/shard-name.test.ts' },
  },
  {
    name: 'version-guessed',
    mistake: 'a flight of a later version is read as if it were of this one [J1]',
    edits: [
      {
        file: 'src/model/flight.ts',
        find: 'return isKnown && isName(name)',
        replace: 'return isName(name)',
      },
    ],
    suite: { project: 'node', file: 'test/model/flight.test.ts' },
  },
  {
    name: 'first-answer-forgotten',
    mistake: 'an id in a flight that comes again is answered as a duplicate, because its row is there [I4]',
    edits: [
      {
        file: 'src/model/entry.ts',
        find: 'before === undefined || isSame(before.flight, flight)',
        replace: 'before === undefined',
      },
    ],
    suite: { project: 'node', file: 'test/shard/store.test.ts' },
  },
  {
    name: 'cell-lost-in-a-cut',
    mistake: 'the cell at which one batch is full is in neither that batch nor the next [A1]',
    edits: [
      {
        file: 'src/model/cut.ts',
        find: '      bytes = 0\n    }',
        replace: '      bytes = 0\n      continue\n    }',
      },
    ],
    suite: { project: 'node', file: 'test/model/cut.test.ts' },
  },
  {
    name: 'flush-at-every-other-interval',
    mistake: 'an increment waits for up to two intervals [F5]',
    edits: [
      {
        file: 'src/model/flush/plan.ts',
        find: '(Math.floor((nowMs - spreadMs) / intervalMs) + 1) * intervalMs',
        replace: '(Math.floor((nowMs - spreadMs) / intervalMs) + 2) * intervalMs',
      },
    ],
    suite: { project: 'node', file: 'test/model/flush/plan.test.ts' },
  },
  {
    name: 'sealed-seq-taken-for-ours',
    mistake: 'the batch at the sealed seq is settled though its id is another [P1]',
    edits: [
      {
        file: 'src/model/flush/recut.ts',
        find: '(seq === sealed.seq && id === sealed.batch)',
        replace: '(seq === sealed.seq)',
      },
    ],
    suite: { project: 'node', file: 'test/model/flush/recut.test.ts' },
  },
  {
    name: 'frozen-batches-below-the-ledger',
    mistake: 'a fresh read adds frozen batches that the rows already include [R1]',
    edits: [
      { file: 'src/model/read.ts', find: 'frozen.filter((batch) => batch.seq > seq)', replace: 'frozen' },
    ],
    suite: { project: 'node', file: 'test/model/read.test.ts' },
  },
]
