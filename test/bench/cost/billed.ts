import { settledStatus } from '../../support/status.ts'
import type { Billed } from './bill.ts'

/** Work of the counting Worker's shards so far, asked for once Postgres has everything, some intervals later. */
export async function billedBy(url: string, intervalSeconds = 5): Promise<Billed> {
  await settledStatus(url, 30_000 + intervalSeconds * 1_000)
  const response = await fetch(`${url}/billed`)
  const shards = (await response.json()) as Billed[]
  return shards.reduce((a, b) => ({
    objectRequests: a.objectRequests + b.objectRequests,
    rowsWritten: a.rowsWritten + b.rowsWritten,
    journalRows: a.journalRows + b.journalRows,
    activeMs: a.activeMs + b.activeMs,
  }))
}
