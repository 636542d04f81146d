import { once } from 'node:events'
import pg from 'pg'

const TRIGGER = `
  create or replace function sumdial.say_flushed() returns trigger language plpgsql as
    $$ begin notify flushed; return null; end $$;
  create or replace trigger say_flushed after insert or update on sumdial.ledger
    execute function sumdial.say_flushed();`

/**
 * Resolves as soon as a PostgreSQL has committed one more flush: by then the shard that sent it may not know yet,
 * so whoever is killed now has to send it again.
 */
export async function untilFlushCommits(url: string): Promise<void> {
  const client = new pg.Client(url)
  // PostgreSQL is killed while this listens.
  client.on('error', () => undefined)
  await client.connect()
  try {
    await client.query(TRIGGER)
    const flushed = once(client, 'notification')
    await client.query('listen flushed')
    await flushed
  } finally {
    // Not awaited on the way: a round trip would give the answer time to arrive.
    void client.end()
  }
}
