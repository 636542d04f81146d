import pg from 'pg'
import type { Backend, NeonStatement, StatementResult } from '../../src/local/neon/backend.ts'
import { startNeonEndpoint } from '../../src/local/neon/endpoint.ts'
import { pgBackend } from '../../src/local/neon/pg-backend.ts'
import { nodeClock } from '../support/node-clock.ts'
import { neonAt } from '../support/postgres-at.ts'
import { exercise } from './exercise.ts'

/** The statements of a release in their order, with what its own schema answered. */
export type Recording = {
  /** Of package.json. */
  readonly version: string
  /** The migrations that it had, oldest first. */
  readonly migrations: readonly string[]
  readonly statements: readonly (NeonStatement & { readonly answer: unknown })[]
  /** The rows of the tables after them. */
  readonly left: unknown
}

/** Runs all that the Worker sends against a migrated and empty database, and writes down what goes over the wire. */
export async function record(url: string): Promise<Pick<Recording, 'statements' | 'left'>> {
  const statements: Recording['statements'][number][] = []
  const left = await withBackend(url, async (backend, pool) => {
    const recording: Backend = {
      async query(statement) {
        const result = await backend.query(statement)
        statements.push({ ...statement, answer: answerOf(statement, result) })
        return result
      },
      batch: () => Promise.reject(new Error('a Worker sends no batches')),
    }
    const endpoint = await startNeonEndpoint({ backend: recording })
    try {
      await exercise(neonAt(endpoint.url, { ...nodeClock, uuid: () => 'the-request' }))
    } finally {
      await endpoint.close()
    }
    return leftIn(pool)
  })
  return { statements, left }
}

/** Runs a release's statements as they were, with `midway` after the first half of them. */
export async function replay(url: string, recording: Recording, midway = async () => {}) {
  return withBackend(url, async (backend, pool) => {
    const statements: Recording['statements'][number][] = []
    for (const [i, { text, params }] of recording.statements.entries()) {
      if (i === Math.floor(recording.statements.length / 2)) await midway()
      statements.push({
        text,
        params,
        answer: answerOf({ text, params }, await backend.query({ text, params })),
      })
    }
    return { statements, left: await leftIn(pool) }
  })
}

async function withBackend<T>(url: string, run: (backend: Backend, pool: pg.Pool) => Promise<T>): Promise<T> {
  const pool = new pg.Pool({ connectionString: url, max: 2 })
  try {
    return await run(pgBackend(pool), pool)
  } finally {
    await pool.end()
  }
}

const JSON_TYPE = 114

/** By column, without what is another at each run: times of flushes, and the order where none is asked for. */
function answerOf({ text }: NeonStatement, { fields, rows, rowCount }: StatementResult): unknown {
  const inOrder = text.includes('order by') ? (values: unknown) => values : sorted
  const read = rows.map((row) =>
    Object.fromEntries(
      fields.map(({ name, dataTypeID }, i) => {
        const value = readValue(name, dataTypeID === JSON_TYPE, row[i] ?? null)
        return [name, inOrder(value)]
      }),
    ),
  )
  return { rowCount, rows: inOrder(read) }
}

function readValue(name: string, isJson: boolean, text: string | null): unknown {
  if (text === null) return null
  if (isTime(name)) return 'some time'
  return isJson ? JSON.parse(text, (key, value) => (isTime(key) ? 'some time' : value)) : text
}

const isTime = (name: string) => name.endsWith('_ms') || name === 'answered_at'

function sorted(values: unknown): unknown {
  return Array.isArray(values)
    ? values.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
    : values
}

async function leftIn(pool: pg.Pool): Promise<unknown> {
  const counters = await pool.query(
    'select key, hour::text, sum::text, count, min, max from sumdial.counters order by 1, 2',
  )
  const ledger = await pool.query(
    'select writer, shard, seq, batch, sealed, increments from sumdial.ledger order by 1',
  )
  return { counters: counters.rows, ledger: ledger.rows }
}
