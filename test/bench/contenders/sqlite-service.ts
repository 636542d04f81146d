import { createServer } from 'node:http'
import { DatabaseSync } from 'node:sqlite'
import { answer, itemsOf, keyRead, say } from './service.ts'

/** Distinct keys that are written together. */
const BATCH_MAX = 1_000
const LINGER_MS = 100

/**
 * A single writer over SQLite that adds up before it writes: by the hour, in one transaction for a batch. What it has
 * not written when it dies is lost.
 */
const database = new DatabaseSync(process.env['SQLITE_FILE'] ?? ':memory:')
database.exec(`pragma journal_mode = wal;
create table if not exists counters (key text, hour integer, sum integer, count integer, primary key (key, hour)) without rowid`)
const upsert = database.prepare(`insert into counters values (?, ?, ?, ?)
on conflict do update set sum = sum + excluded.sum, count = count + excluded.count`)

const select = database.prepare('select sum(sum) as sum, sum(count) as count from counters where key = ?')

let sums = new Map<string, [sum: number, count: number]>()

function write(): void {
  if (sums.size === 0) return
  const batch = sums
  sums = new Map()
  const hour = Math.floor(Date.now() / 3_600_000)
  database.exec('begin')
  for (const [key, [sum, count]] of batch) upsert.run(key, hour, sum, count)
  database.exec('commit')
}

setInterval(write, LINGER_MS)

const server = createServer(async (request, response) => {
  const key = keyRead(request)
  if (key !== undefined) return answer(response, 200, select.get(key) ?? {})
  const items = await itemsOf(request)
  if (items === undefined) return answer(response, 422, { error: 'bad increments' })
  for (const { key, value } of items) {
    const held = sums.get(key)
    if (held === undefined) sums.set(key, [value, 1])
    else {
      held[0] += value
      held[1] += 1
    }
  }
  if (sums.size >= BATCH_MAX) write()
  answer(response, 202, { accepted: items.length })
})
say(server)
