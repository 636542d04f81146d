import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openSession } from '../../../src/postgres/driver/open-session.ts'
import { PATIENT, writing } from '../../../src/postgres/statement.ts'
import { type Stand, startStand, WAYS } from '../stand.ts'

let stand: Stand
beforeAll(async () => {
  stand = await startStand(8)
  // A database may have any default.
  await stand.pool.query(
    `do $$ begin execute format('alter database %I set default_transaction_isolation = ''serializable''', current_database()); end $$`,
  )
})
afterAll(() => stand?.stop())

const put = (name: string) =>
  writing(sql`insert into sumdial.settings (name, value) select ${name}, '1' where ${PATIENT}`)
const isolation = writing(sql`select current_setting('transaction_isolation') as isolation where ${PATIENT}`)

describe.each(WAYS)('over %s, statements of one transaction', (way) => {
  const session = () => openSession(stand.over(way))

  test('[P4] are READ COMMITTED whatever the default, and answer one after another', async () => {
    const own = session()
    const answers = await own.transact([isolation, put(`${way} 1`)], 5_000)
    expect(answers.map(({ rows, rowCount }) => [rows, rowCount])).toEqual([
      [[{ isolation: 'read committed' }], 1],
      [[], 1],
    ])
    // The connection is free for the next.
    expect((await own.execute(put(`${way} 2`), 5_000)).rowCount).toBe(1)
    own.end()
  })

  test('[P4] are undone together when one of them is refused', async () => {
    const own = session()
    await expect(own.transact([put(`${way} 3`), put(`${way} 1`)], 5_000)).rejects.toMatchObject({})
    expect((await own.execute(put(`${way} 3`), 5_000)).rowCount).toBe(1)
    own.end()
  })
})
