import type { Plant, Suite } from '../plant.ts'

const FLUSH = 'src/shard/flush.ts'
const SENDING = 'src/shard/sending/sending.ts'
const SETBACKS = 'src/shard/sending/setbacks.ts'
const OUTCOME = 'src/model/flush/outcome.ts'
const RECUT = 'src/model/flush/recut.ts'
const TROUBLE = 'src/model/flush/trouble.ts'
const TURN = 'src/model/flush/turn.ts'

const inShard = (name: string, titles?: string): Suite => ({
  project: 'node',
  file: `test/shard/${name}.test.ts`,
  ...(titles === undefined ? {} : { titles }),
})

/** The search for cells at fault, and the waiting for a Postgres at fault. */
export const BAD_CELL_PLANTS: readonly Plant[] = [
  {
    name: 'whole-batch-parked',
    mistake: 'one bad cell parks all of its batch [P3]',
    edits: [
      {
        file: OUTCOME,
        find: 'moveOn(cutOf(seq, why), why, false)',
        replace: `moveOn({ kind: 'park', seq }, why, false)`,
      },
    ],
    suite: { project: 'node', file: 'test/postgres/flush.test.ts', titles: 'a cell that Postgres refuses' },
  },
  {
    name: 'refusal-taken-for-no-answer',
    mistake: "a user's trigger that raises any error is waited for, and its neighbours with it [P3]",
    edits: [
      {
        file: TROUBLE,
        find: `    case 'cell_refused':
    case 'refused':
      return true`,
        replace: `    case 'cell_refused':
      return true
    case 'refused':
      return false`,
      },
    ],
    suite: inShard('bad-cells'),
  },
  {
    name: 'no-answer-taken-for-success',
    mistake:
      'a move to another writer counts as something that got through, though the seal showed nothing [P3]',
    edits: [
      {
        file: SENDING,
        find: 'if (settled > 0) this.#course =',
        replace: 'if (settled >= 0) this.#course =',
      },
    ],
    suite: inShard('bad-cells', 'a failure that all cells meet'),
  },
  {
    name: 'parked-though-nothing-gets-through',
    mistake: 'cells are parked while Postgres refuses them all [P3]',
    edits: [{ file: TROUBLE, find: 'throughs <= since || failures', replace: 'failures' }],
    suite: inShard('bad-cells', 'both fail'),
  },
  {
    name: 'lone-failure-holds-up-others',
    mistake: 'a cell that failed by itself is sent again before what came later [P3]',
    edits: [
      { file: TURN, find: 'if (!isSetAside(frozen))', replace: 'if (frozen.length === 0)' },
      {
        file: RECUT,
        find: 'return [...untried, ...ripe, ...failed, ...aside, target]',
        replace: 'return [target, ...untried, ...ripe, ...failed, ...aside]',
      },
    ],
    suite: inShard('bad-cells'),
  },
  {
    name: 'later-cells-wait-for-frozen-ones',
    mistake: 'cells that come later are not tried before all that is frozen has got through [P3]',
    edits: [
      {
        file: FLUSH,
        find: 'store.frozen.every(({ trouble }) => trouble !== null)',
        replace: 'store.frozen.length === 0',
      },
    ],
    suite: inShard('bad-cells'),
  },
  {
    name: 'slow-batch-halved',
    mistake: 'a slow cell is found by halving, with a timeout for each step [P3]',
    edits: [
      {
        file: RECUT,
        find: 'cells > SLOW_CELLS_APART ? Math.ceil(Math.sqrt(cells)) : 1',
        replace: 'Math.ceil(cells / 2)',
      },
    ],
    suite: inShard('bad-cells'),
  },
  {
    name: 'timeouts-never-cut',
    mistake: 'a batch that is too large for the time of a statement is sent as it is for ever [F4]',
    edits: [{ file: TROUBLE, find: 'return outcome.isTimeout', replace: 'return outcome.reason === null' }],
    suite: inShard('bad-cells', 'too large'),
  },
  {
    name: 'recut-without-a-seal',
    mistake: 'a frozen batch is cut anew for another writer while copies of it may still be applied [F3]',
    edits: [
      {
        file: SENDING,
        find: 'const outcome = await sink.seal(store.writer, formatShardName(name))',
        replace: `const unsealed = await sink.register(store.writer, formatShardName(name))
    const sealed = { seq: (store.frozen[0]?.seq ?? 1) - 1, batch: null }
    const outcome = unsealed.kind === 'registered' ? ({ kind: 'sealed', sealed } as const) : unsealed`,
      },
    ],
    suite: {
      project: 'node',
      file: 'test/postgres/flush.test.ts',
      titles: 'a cell that takes all of the time',
    },
  },
  {
    name: 'backoff-kept-after-a-success',
    mistake: 'what comes after a success waits for the backoff of the failure before it [F5]',
    edits: [
      {
        file: SETBACKS,
        find: `    this.#failures = 0
    this.#wait = NO_WAIT`,
        replace: '',
      },
    ],
    suite: inShard('flush'),
  },
  {
    name: 'backoff-outlives-the-clock',
    mistake: 'a flush waits until a clock that was set back has caught up [F4]',
    edits: [
      {
        file: 'src/model/retry.ts',
        find: 'nowMs >= fromMs && nowMs < untilMs',
        replace: 'nowMs < untilMs',
      },
    ],
    suite: inShard('flush'),
  },
  {
    name: 'alarm-armed-in-the-past',
    mistake: 'an alarm that rings during a run is armed so that it rings at once, again and again [F4]',
    edits: [{ file: FLUSH, find: 'STATEMENT_MS_MAX * 2 ** this.#rings', replace: 'STATEMENT_MS_MAX' }],
    suite: inShard('flush'),
  },
]
