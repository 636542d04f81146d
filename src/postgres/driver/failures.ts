/** Postgres has not answered in time, and may have run the statement all the same. */
export class StatementTimeout extends Error {
  override name = 'StatementTimeout'

  constructor(timeoutMs: number) {
    super(`no answer in ${timeoutMs} ms`)
  }
}

/** No connection came about, so the statement was not sent. `cause` is why. */
export class ConnectFailure extends Error {
  override name = 'ConnectFailure'

  constructor(cause: unknown) {
    super('no connection to Postgres', { cause })
  }
}
