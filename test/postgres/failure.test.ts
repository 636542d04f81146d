import { createServer } from 'node:http'
import { DrizzleQueryError, sql } from 'drizzle-orm'
import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { ConnectFailure, StatementTimeout } from '../../src/postgres/driver/failures.ts'
import { openSession } from '../../src/postgres/driver/open-session.ts'
import { classifyFailure } from '../../src/postgres/failure.ts'
import { reading } from '../../src/postgres/statement.ts'
import { listenLocally } from '../support/listen.ts'
import { neonAt } from '../support/postgres-at.ts'

const TIMEOUT_MS = 50

/** The outcome of a statement behind a proxy that begins its answer with so much, and never ends it. */
async function outcomeBehind(begun: string) {
  await using stack = new AsyncDisposableStack()
  const server = createServer((_, response) => {
    if (begun !== '') response.writeHead(200, { 'content-type': 'application/json' }).write(begun)
  })
  stack.defer(() => {
    server.closeAllConnections()
    server.close()
  })
  const port = await listenLocally(server)
  const session = openSession(neonAt(`http://127.0.0.1:${port}/sql`))
  const statement = session.execute(reading(sql`1`), TIMEOUT_MS, { request: '' })
  return await statement.then(() => 'answered', classifyFailure)
}

test.each([
  ['before its answer', ''],
  ['in the midst of it', '{"fields":['],
])(
  '[P1] [F4] a statement that is given up %s may have been applied, and counts as a timeout',
  async (_, begun) => {
    expect(await outcomeBehind(begun)).toEqual({
      kind: 'ambiguous',
      reason: `no answer in ${TIMEOUT_MS} ms`,
      isTimeout: true,
    })
  },
)

/** An error as `pg` makes one of the server's answer. */
function answered(code: string, text: string, severity = 'ERROR'): pg.DatabaseError {
  return Object.assign(new pg.DatabaseError(text, text.length, 'error'), { code, severity })
}

/** An error of the socket, whose codes look like SQLSTATEs. */
const socket = (code: string) => Object.assign(new Error(`write ${code}`), { code })

const ambiguous = (reason: string, isTimeout = false) => ({
  ...{ kind: 'ambiguous', reason, isTimeout },
  ...(reason.startsWith('SQLSTATE') && { isAnswered: true }),
})

describe('a failure over TCP', () => {
  test.each([
    ['a socket that broke', socket('EPIPE'), ambiguous('no answer from Postgres')],
    ['a reset', socket('ECONNRESET'), ambiguous('no answer from Postgres')],
    [
      'an end without a word',
      new Error('Connection terminated unexpectedly'),
      ambiguous('no answer from Postgres'),
    ],
    ['our own timeout', new StatementTimeout(10_000), ambiguous('no answer in 10000 ms', true)],
    [
      'a refused connection',
      new ConnectFailure(socket('ECONNREFUSED')),
      ambiguous('no connection to Postgres'),
    ],
    [
      'a server without TLS',
      new ConnectFailure(new Error('The server does not support SSL connections')),
      ambiguous('no connection to Postgres: it does not offer TLS'),
    ],
    [
      'a certificate of a private authority, in workerd',
      new ConnectFailure(new Error('TLS peer certificate is not trusted; reason = self-signed certificate')),
      ambiguous('no connection to Postgres: its TLS certificate is not accepted'),
    ],
    [
      'no password',
      new ConnectFailure(new Error('SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string')),
      ambiguous('no connection to Postgres: the password is missing or is not accepted'),
    ],
    [
      'a wrong password',
      answered('28P01', 'password authentication failed for user "u"', 'FATAL'),
      { kind: 'refused', reason: 'SQLSTATE 28P01: password authentication failed for user "u"' },
    ],
    [
      'too many connections',
      answered('53300', 'sorry, too many clients already', 'FATAL'),
      { kind: 'refused', reason: 'SQLSTATE 53300: sorry, too many clients already' },
    ],
    [
      "PgBouncer's end of a server's connection",
      answered('08P01', 'server conn crashed?', 'FATAL'),
      ambiguous('SQLSTATE 08P01: server conn crashed?'),
    ],
    [
      "Supavisor's own error",
      answered('XX000', '(EDBHANDLEREXITED) connection to database closed', 'FATAL'),
      ambiguous('SQLSTATE XX000: (EDBHANDLEREXITED) connection to database closed'),
    ],
    [
      'a wait for a lock that ended',
      answered('55P03', 'canceling statement due to lock timeout'),
      ambiguous('SQLSTATE 55P03: canceling statement due to lock timeout', true),
    ],
    [
      'a statement that was cancelled',
      answered('57014', 'canceling statement due to user request'),
      ambiguous('SQLSTATE 57014: canceling statement due to user request', true),
    ],
    [
      'a bad cell',
      answered('22003', 'value 99 is out of range'),
      { kind: 'cell_refused', reason: 'SQLSTATE 22003' },
    ],
    [
      'a missing table',
      answered('42P01', 'relation does not exist'),
      { kind: 'refused', reason: 'SQLSTATE 42P01: relation does not exist', isOfSchema: true },
    ],
  ])('[P4] is judged as over any driver: %s', (_, error, failure) => {
    expect(classifyFailure(error)).toEqual(failure)
    expect(classifyFailure(new DrizzleQueryError('insert ...', ['secret'], error))).toEqual(failure)
  })
})
