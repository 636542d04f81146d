import pg from 'pg'

/**
 * The pool, but a connection whose last statement Postgres refused stays in it, although whoever used it would have it
 * destroyed: a new one costs 30 to 100 ms of processor time, and some tests are all about refusals. A connection
 * that was lost, or whose statement is still under way, is destroyed as ever.
 */
export function sparing(pool: pg.Pool): pg.Pool {
  const wasRefused = new WeakMap<pg.PoolClient, boolean>()
  pool.on('connect', (client) => noteRefusals(client, (isRefused) => wasRefused.set(client, isRefused)))
  const connect = async () => {
    const client = await pool.connect()
    const { release } = client
    client.release = (destroy) => {
      if (destroy !== true || wasRefused.get(client) !== true) return release(destroy)
      // It waits until Postgres is ready for another statement.
      client.query('rollback').then(
        () => release(),
        () => release(true),
      )
    }
    return client
  }
  return new Proxy(pool, {
    get: (target, name) => (name === 'connect' ? connect : Reflect.get(target, name)),
  })
}

/** Notes of each statement that somebody awaits whether Postgres refused it. */
function noteRefusals(client: pg.PoolClient, note: (isRefused: boolean) => void): void {
  const { query } = client
  Object.assign(client, {
    query(...args: unknown[]): unknown {
      const answer: unknown = Reflect.apply(query, client, args)
      if (!(answer instanceof Promise)) return answer
      const noted = (error?: unknown) => note(error instanceof pg.DatabaseError)
      answer.then(() => noted(), noted)
      return answer
    },
  })
}
