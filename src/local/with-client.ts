import pg from 'pg'
import { connectionOptions } from './database-url.ts'

/** Connects for as long as `run` takes. */
export async function withClient<T>(url: string, run: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(connectionOptions(url))
  // A connection that ends also fails the statement under way, which reports it.
  client.on('error', () => {})
  try {
    await client.connect()
    return await run(client)
  } finally {
    await client.end()
  }
}
