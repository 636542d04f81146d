import type { Plant, Suite } from '../plant.ts'

const SINK = 'src/postgres/sink.ts'
const APPLY = 'src/postgres/apply.ts'

const inSink = (titles: string): Suite => ({ project: 'node', file: 'test/postgres/sink.test.ts', titles })

/** The claim, the upsert, the seal, and what their answers mean. */
export const POSTGRES_PLANTS: readonly Plant[] = [
  {
    name: 'claim-dropped',
    mistake: 'the cells are added whether or not the batch was claimed [P1]',
    edits: [
      {
        file: APPLY,
        find: 'where exists (select from claim)\n), applied',
        replace: 'where true\n), applied',
      },
    ],
    suite: inSink('applying a batch'),
  },
  {
    name: 'claim-though-sealed',
    mistake: 'a sealed writer can still claim [P1]',
    edits: [{ file: APPLY, find: 'excluded.seq - 1 and not l.sealed', replace: 'excluded.seq - 1' }],
    suite: inSink('a seal'),
  },
  {
    name: 'failed-migration-taken-for-done',
    mistake: 'a migration of the Worker that Postgres refused counts as applied',
    edits: [
      {
        file: 'src/postgres/migrate/keeper.ts',
        find: "if (outcome.kind !== 'done') return waitAfter(outcome)",
        replace: "if (outcome.kind !== 'done') return { kind: 'newest', advice: '' }",
      },
    ],
    suite: { project: 'node', file: 'test/postgres/migrate/worker-migrates.test.ts', titles: 'not done' },
  },
  {
    name: 'migration-waits-for-the-lock',
    mistake: "each isolate that would migrate waits for the one that does, with a connection of the user's",
    edits: [
      {
        file: 'src/postgres/migrate/script.ts',
        find: "by === 'worker' ? TRY_LOCK : WAIT_FOR_LOCK",
        replace: 'WAIT_FOR_LOCK',
      },
    ],
    suite: { project: 'node', file: 'test/postgres/migrate/worker-migrates.test.ts', titles: 'no lock' },
  },
  {
    name: 'late-schedule-forgotten',
    mistake:
      'the cron takes a schedule that changed begun hours for what they began with, after one look [K2]',
    edits: [
      {
        file: 'src/model/deployed/seen.ts',
        find: 'faults.length === 0 ? schedules : began',
        replace: 'schedules',
      },
    ],
    suite: { project: 'node', file: 'test/model/deployed/seen.test.ts', titles: 'K2' },
  },
  {
    name: 'location-of-flights-alone',
    mistake: 'the cron is the first to use a shard, and does not say where it should live',
    edits: [
      {
        file: 'src/index.ts',
        find: 'wake: (name) => shard(name).wake()',
        replace: 'wake: (name) => namespace.getByName(name).wake()',
      },
    ],
    suite: { project: 'workerd', file: 'test/workerd/location.test.ts' },
  },
  {
    name: 'migrates-from-a-request',
    mistake: 'a read migrates Postgres, and its client waits',
    edits: [
      {
        file: 'src/index.ts',
        find: 'readCommitted: createReader(postgres),',
        replace:
          'readCommitted: async (...query) => { await schemaKeeper(postgres).bringUp(); return createReader(postgres)(...query) },',
      },
    ],
    suite: { project: 'workerd', file: 'test/workerd/migrate.test.ts', titles: 'request' },
  },
  {
    name: 'cached-answer-taken-for-a-read',
    mistake: "a cache between the Worker and Postgres answers with another request's rows [P4]",
    edits: [
      { file: 'src/postgres/execute.ts', find: '.request !== request)', replace: '.request === undefined)' },
    ],
    suite: { project: 'node', file: 'test/postgres/statement.test.ts', titles: 'cache' },
  },
  {
    name: 'late-statement-lives-on',
    mistake: "a statement that nobody waits for any more stays in Postgres, with a connection of the user's",
    edits: [{ file: 'src/postgres/driver/tcp.ts', find: 'if (isLate) await', replace: 'if (!isLate) await' }],
    suite: {
      project: 'node',
      file: 'test/postgres/driver/tcp.test.ts',
      titles: 'is cancelled in the server',
    },
  },
  {
    name: 'connection-outlives-the-alarm',
    mistake: 'a shard keeps its connection to Postgres after a flush, so that it never hibernates',
    edits: [
      {
        file: 'src/postgres/driver/tcp.ts',
        find: 'if (client !== undefined) this.#postgres.background(this.#end(client))',
        replace: 'if (client === undefined) this.#idle = undefined',
      },
    ],
    suite: { project: 'node', file: 'test/postgres/driver/tcp.test.ts', titles: 'a connection' },
  },
  {
    name: 'another-batch-taken-for-ours',
    mistake: 'another batch under the same seq is taken for this one [P1]',
    edits: [
      { file: SINK, find: 'seq === batch.seq && answer.batch === batch.id', replace: 'seq === batch.seq' },
    ],
    suite: inSink("the ledger's answer"),
  },
  {
    name: 'rows-in-the-order-sent',
    mistake: 'two statements take the same rows in different orders [P2]',
    edits: [{ file: APPLY, find: 'from cell order by cell.key collate "C"\n', replace: 'from cell\n' }],
    suite: inSink('P2'),
  },
  {
    name: 'bad-cell-taken-for-an-outage',
    mistake:
      'bad data is told as what an operator must mend, and tried once more before it is looked for [P3]',
    edits: [{ file: 'src/postgres/failure.ts', find: '/^(22|23)/', replace: '/^(99)/' }],
    suite: inSink('a failure'),
  },
  {
    name: 'sums-as-doubles',
    mistake: 'a sum passes through a double on its way to Postgres [A2]',
    edits: [{ file: APPLY, find: 'arrayOf(sums)', replace: 'arrayOf(sums.map(Number))' }],
    suite: inSink('A2'),
  },
]
