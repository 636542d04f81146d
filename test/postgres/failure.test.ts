import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { openSession } from '../../src/postgres/driver/open-session.ts'
import { classifyFailure } from '../../src/postgres/failure.ts'
import { reading } from '../../src/postgres/statement.ts'
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
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const session = openSession(neonAt(`http://127.0.0.1:${(server.address() as AddressInfo).port}/sql`))
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
