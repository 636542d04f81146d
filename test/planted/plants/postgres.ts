import type { Plant, Suite } from '../plants.ts'

const SINK = 'src/postgres/sink.ts'

const inSink = (titles: string): Suite => ({ project: 'node', file: 'test/postgres/sink.test.ts', titles })

/** The claim, the upsert, the seal, and what their answers mean. */
export const POSTGRES: readonly Plant[] = [
  {
    name: 'no-claim',
    mistake: 'the cells are added whether or not the batch was claimed',
    edits: [{ file: SINK, find: 'where exists (select from claim)', replace: 'where true' }],
    suite: inSink('applying a batch'),
  },
  {
    name: 'claim-though-sealed',
    mistake: 'a sealed writer can still claim',
    edits: [{ file: SINK, find: 'excluded.seq - 1 and not l.sealed', replace: 'excluded.seq - 1' }],
    suite: inSink('a seal'),
  },
  {
    name: 'claim-without-a-row',
    mistake: 'any seq may begin the ledger anew',
    edits: [{ file: SINK, find: `where \${seq} = 1 or exists`, replace: 'where true or exists' }],
    suite: inSink("the ledger's answer"),
  },
  {
    name: 'ledger-row-deleted',
    mistake: "the seal of a retirement deletes the writer's row, and with it the memory of what was applied",
    edits: [
      {
        file: SINK,
        find: `insert into sumdial.ledger as l (writer, shard, seq, sealed, sealed_at)
values (\${writer}::uuid, \${shard}, 0, true, now())
on conflict (writer) do update set sealed = true, sealed_at = coalesce(l.sealed_at, now())
returning`,
        replace: `with gone as (delete from sumdial.ledger where writer = \${writer}::uuid returning seq, batch)
select seq, batch from gone union all select 0, null where \${shard} <> '' and not exists (select from gone)`,
      },
      { file: SINK, find: ' seq::text as seq, batch`\n}', replace: '`\n}' },
    ],
    suite: inSink('a seal'),
  },
  {
    name: 'another-batch-taken-for-ours',
    mistake: 'another batch under the same seq is taken for this one',
    edits: [
      { file: SINK, find: 'seq === batch.seq && answer.batch === batch.id', replace: 'seq === batch.seq' },
    ],
    suite: inSink("the ledger's answer"),
  },
  {
    name: 'rows-in-the-order-sent',
    mistake: 'two statements take the same rows in different orders',
    edits: [{ file: SINK, find: '  order by cell.key collate "C"\n', replace: '' }],
    suite: inSink('P2'),
  },
  {
    name: 'bad-cell-taken-for-an-outage',
    mistake: 'a cell that Postgres refuses is waited out, and blocks its neighbours for ever',
    edits: [{ file: 'src/postgres/failure.ts', find: '/^(22|23)/', replace: '/^(99)/' }],
    suite: inSink('a failure'),
  },
  {
    name: 'sums-as-doubles',
    mistake: 'a sum passes through a double on its way to Postgres',
    edits: [{ file: SINK, find: 'arrayOf(sums)', replace: 'arrayOf(sums.map(Number))' }],
    suite: inSink('A2'),
  },
  {
    name: 'null-for-a-key',
    mistake: 'a key that is called null reaches Postgres as none',
    edits: [{ file: SINK, find: '^(?!null$)', replace: '^' }],
    suite: inSink('the keys of a batch'),
  },
  {
    name: 'quotes-in-keys-bare',
    mistake: 'a quote in a key ends it',
    edits: [{ file: SINK, find: '/["\\\\]/g', replace: '/[\\\\]/g' }],
    suite: inSink('the keys of a batch'),
  },
  {
    name: 'no-room-for-updates',
    mistake: 'pages of counters are filled so far that the first updates of their rows move to others',
    edits: [
      { file: 'migrations/0003_counters_room.sql', find: '(fillfactor = 60)', replace: '(fillfactor = 80)' },
    ],
    suite: { project: 'node', file: 'test/postgres/indexes.test.ts', titles: 'heap-only' },
  },
]
