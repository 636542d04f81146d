import { NeonDbError } from '@neondatabase/serverless'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BACKENDS, type BothBackends, type Stand, startBoth } from './both-backends.ts'

let both: BothBackends

beforeAll(async () => {
  both = await startBoth()
  for (const name of BACKENDS) {
    await both[name].sql`create table things (id int primary key, name text not null, amount numeric(40, 2))`
  }
}, 60_000)
afterAll(() => both.stop())

/** Leaves every value as Postgres printed it. */
const rawText = { getTypeParser: () => (text: string) => text }

/** The driver's result, less what may differ between two databases: the numbers of tables, the lines of source. */
async function outcome(stand: Stand, text: string, params: unknown[] = []) {
  try {
    const { fields, rows, command, rowCount } = await stand.sql.query(text, params, { types: rawText })
    return {
      fields: fields.map((field) => ({ ...field, tableID: field.tableID > 0 })),
      rows,
      command,
      rowCount,
    }
  } catch (error) {
    if (!(error instanceof NeonDbError)) throw error
    const { line: _line, ...rest } = error
    return { ...rest, message: error.message }
  }
}

/** Runs it on both and answers the one outcome that they must share. */
async function agreed(text: string, params: unknown[] = []) {
  const [pglite, postgres] = [
    await outcome(both.pglite, text, params),
    await outcome(both.postgres, text, params),
  ]
  expect(pglite).toEqual(postgres)
  return postgres
}

describe('a value goes in and comes out as Postgres prints it, on both backends alike', () => {
  const long = '1234567890123456789012345678901234567890.55'
  const cases: [type: string, value: unknown, printed: string | null][] = [
    [
      'text',
      'it\'s \\ "quoted"\n\ttab, {brace}, $1, é 漢 😀',
      'it\'s \\ "quoted"\n\ttab, {brace}, $1, é 漢 😀',
    ],
    ['text', '', ''],
    ['text', null, null],
    ['text', undefined, null],
    ['int', null, null],
    ['int', -42, '-42'],
    ['smallint', '7', '7'],
    ['bigint', 9_007_199_254_740_993n, '9007199254740993'],
    ['bigint', -9_223_372_036_854_775_808n, '-9223372036854775808'],
    ['numeric', long, long],
    ['numeric', 'NaN', 'NaN'],
    ['numeric', 10n ** 60n, `1${'0'.repeat(60)}`],
    ['double precision', 0.1 + 0.2, '0.30000000000000004'],
    ['double precision', Number.NEGATIVE_INFINITY, '-Infinity'],
    ['real', 1.5, '1.5'],
    ['boolean', true, 't'],
    ['boolean', false, 'f'],
    ['bytea', Buffer.from([0, 1, 92, 255]), '\\x00015cff'],
    ['bytea', new Uint8Array([222, 173]), '\\xdead'],
    ['bytea', Buffer.alloc(0), '\\x'],
    ['bytea', '\\x0aFF', '\\x0aff'],
    ['timestamptz', new Date(Date.UTC(2026, 10, 21, 20, 0, 0, 7)), '2026-11-21 20:00:00.007+00'],
    ['timestamptz', '2026-11-21T22:30:00+02:00', '2026-11-21 20:30:00+00'],
    ['timestamptz', 'infinity', 'infinity'],
    ['timestamp', '2026-11-21 20:00:00.123456', '2026-11-21 20:00:00.123456'],
    ['date', '0044-03-15 BC', '0044-03-15 BC'],
    ['time', '23:59:60', '24:00:00'],
    ['interval', '1 year 2 days 03:04:05.6', '1 year 2 days 03:04:05.6'],
    ['uuid', '8A2B6E0C-1D1F-4F6E-9C37-0123456789AB', '8a2b6e0c-1d1f-4f6e-9c37-0123456789ab'],
    ['json', { a: [1, 'x', null], b: { c: true } }, '{"a":[1,"x",null],"b":{"c":true}}'],
    ['jsonb', { b: 1, a: 'é' }, '{"a": "é", "b": 1}'],
    ['jsonb', '"just text"', '"just text"'],
    ['jsonb', 'null', 'null'],
    ['inet', '10.0.0.0/8', '10.0.0.0/8'],
    ['int4range', '[1,5]', '[1,6)'],
    [
      'text[]',
      ['plain', 'with "quotes"', 'back\\slash', 'comma,', '{brace}', '', 'NULL', null],
      '{plain,"with \\"quotes\\"","back\\\\slash","comma,","{brace}","","NULL",NULL}',
    ],
    ['text[]', [], '{}'],
    ['text[]', null, null],
    ['int[]', [1, null, -3], '{1,NULL,-3}'],
    [
      'int[]',
      [
        [1, 2],
        [3, 4],
      ],
      '{{1,2},{3,4}}',
    ],
    ['bigint[]', [9_007_199_254_740_993n, '1'], '{9007199254740993,1}'],
    ['numeric[]', [long, '0.10'], `{${long},0.10}`],
    ['boolean[]', [true, false, null], '{t,f,NULL}'],
    ['bytea[]', [Buffer.from([1, 2]), Buffer.from([255])], '{"\\\\x0102","\\\\xff"}'],
    ['timestamptz[]', [new Date(0)], '{"1970-01-01 00:00:00+00"}'],
    ['uuid[]', ['8a2b6e0c-1d1f-4f6e-9c37-0123456789ab'], '{8a2b6e0c-1d1f-4f6e-9c37-0123456789ab}'],
    ['jsonb[]', [{ a: 1 }, null], '{"{\\"a\\": 1}",NULL}'],
  ]

  test.for(cases)('%s: %o', async ([type, value, printed]) => {
    expect(await agreed(`select $1::${type} as v`, [value])).toMatchObject({ rows: [{ v: printed }] })
  })
})

describe('a statement has the same result on both backends', () => {
  const statements: [sql: string, params: unknown[], expected: object][] = [
    ['select 1 as a, 2 as a', [], { rows: [{ a: '2' }], command: 'SELECT', rowCount: 1 }],
    ['select * from things where false', [], { rows: [], rowCount: 0 }],
    ['', [], { rows: [], fields: [], command: '', rowCount: null }],
    [
      'insert into things values (1, $1, $2), (2, $1, null)',
      ['x', '1.50'],
      { command: 'INSERT', rowCount: 2 },
    ],
    [
      'select * from things order by id',
      [],
      { rows: [{ id: '1', name: 'x', amount: '1.50' }, { amount: null }] },
    ],
    [
      'update things set name = $1 returning id, name',
      ['y'],
      { rowCount: 2, rows: [{ name: 'y' }, { id: '2' }] },
    ],
    ['delete from things where id = any ($1)', [[2, 3]], { command: 'DELETE', rowCount: 1 }],
    [
      'with new as (insert into things values (5, $1, 0) returning *) select id, amount from new',
      ['cte'],
      { command: 'SELECT', rows: [{ id: '5', amount: '0.00' }] },
    ],
    [
      'insert into things values (5, $1, 0) on conflict (id) do update set name = excluded.name returning name',
      ['upserted'],
      { command: 'INSERT', rows: [{ name: 'upserted' }] },
    ],
    ['create temp table nothing ()', [], { command: 'CREATE', rowCount: null }],
    ["do $$ begin raise notice 'heard by nobody'; end $$", [], { command: 'DO', rowCount: null }],
    ['show server_encoding', [], { command: 'SHOW', rows: [{ server_encoding: 'UTF8' }] }],
    ['truncate things', [], { command: 'TRUNCATE', rowCount: null }],
  ]

  // In the order of the table: each builds on what the one before it left.
  test.for(statements)('%s', async ([sql, params, expected]) => {
    const result = await agreed(sql, params)
    expect(result).toMatchObject(expected)
  })
})

describe('an error of Postgres reaches the driver with its code and fields, on both backends alike', () => {
  const errors: [sql: string, params: unknown[], expected: object][] = [
    ['selec 1', [], { code: '42601', position: '1', severity: 'ERROR', routine: 'scanner_yyerror' }],
    ['select 1; select 2', [], { code: '42601' }],
    ['select * from nowhere', [], { code: '42P01', position: '15' }],
    ['select nothing from things', [], { code: '42703', position: '8' }],
    ['select 1 / $1::int', [0], { code: '22012', message: 'division by zero' }],
    ['select $1::int', ['x'], { code: '22P02' }],
    ['select $1::smallint', [70_000], { code: '22003' }],
    ['select $1::text', ['nul\0'], { code: '22021' }],
    ['select $1::int', [], { code: '08P01' }],
    ['select 1', ['too many'], { code: '08P01' }],
    [
      'insert into things values (1, null, 0)',
      [],
      { code: '23502', schema: 'public', table: 'things', column: 'name' },
    ],
    [
      'insert into things values ($1, $2, 0), ($1, $2, 0)',
      [9, 'x'],
      { code: '23505', constraint: 'things_pkey', detail: 'Key (id)=(9) already exists.' },
    ],
    ['select lower(1)', [], { code: '42883', hint: expect.any(String) }],
    [
      "do $$ begin raise exception 'no' using errcode = 'P1234', hint = 'h', detail = 'd'; end $$",
      [],
      { code: 'P1234', hint: 'h', detail: 'd', where: expect.any(String) },
    ],
    ['copy things from stdin', [], { code: '57014' }],
  ]

  test.for(errors)('%s %o', async ([sql, params, expected]) => {
    expect(await agreed(sql, params)).toMatchObject(expected)
    expect(await agreed('select 1 as alive')).toMatchObject({ rows: [{ alive: '1' }] })
  })
})
