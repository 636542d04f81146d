import type { Plant, Suite } from '../plant.ts'

const CUTTING: Suite = { project: 'node', file: 'test/local/import/cutting.test.ts' }
const REPEAT: Suite = { project: 'node', file: 'test/local/import/repeat.test.ts' }

const STRAIGHT: Suite = { project: 'node', file: 'test/local/import/straight.test.ts' }

/** Importing the same input again. */
export const IMPORT_PLANTS: readonly Plant[] = [
  {
    name: 'import-renames-a-rest',
    mistake:
      'a rest after refused items gets a new name, and counts again when a later import sends the whole batch [I3]',
    edits: [
      {
        file: 'src/client/batch.ts',
        find: 'batch.isDoubted || batch.isDerived) return',
        replace: 'batch.isDoubted) return',
      },
    ],
    suite: REPEAT,
  },
  {
    name: 'import-believes-a-conflict',
    mistake: 'a rest in conflict is taken for counted, though an earlier import had sent other items [I3]',
    edits: [
      {
        file: 'src/client/delivery.ts',
        find: '(name !== null && isRest && !isDerived)',
        replace: '(name !== null && isRest)',
      },
    ],
    suite: REPEAT,
  },
  {
    name: 'import-cuts-by-what-is-counted',
    mistake:
      'a line that is refused takes no place in its batch, so that another --format cuts elsewhere [I3]',
    edits: [
      {
        file: 'src/local/import/importer.ts',
        find: 'if (hour === null) return []',
        replace: 'return []',
      },
    ],
    suite: CUTTING,
  },
  {
    name: 'straight-trusts-the-number-of-lines',
    mistake: 'an import goes on behind as many lines as were counted, whichever lines those were [P5]',
    edits: [
      {
        file: 'src/local/import/straight/sequence.ts',
        find: 'batch === null || batch === uuidOf(this.#chain.copy())',
        replace: 'true',
      },
    ],
    suite: STRAIGHT,
  },
  {
    name: 'straight-believes-the-faster-import',
    mistake:
      'a batch is taken for applied when another import has moved its row, whatever lines that one had [P5]',
    edits: [
      {
        file: 'src/local/import/straight/sender.ts',
        find: "if (outcome?.kind === 'applied') {",
        replace: "if (outcome?.kind === 'applied' || outcome?.kind === 'rewound') {",
      },
    ],
    suite: STRAIGHT,
  },
]
