import pg from 'pg'

/** Parts of `pg` that its types leave out. */
type CancelConnection = {
  readonly stream: { destroy(): void }
  on(event: 'connect' | 'sslconnect' | 'end' | 'error', listener: () => void): void
  connect(port: number, host: string): void
  requestSsl(): void
  cancel(processId: number, secretKey: number): void
}
type Keys = { readonly processID: number | null; readonly secretKey: number | null }

/**
 * Asks Postgres, over a connection of its own, to end the statement that this client waits for. Resolves when Postgres or a
 * pooler has taken the request, or when it could not be sent; a client that has not got as far as a statement has none.
 */
export async function cancel(client: pg.Client): Promise<void> {
  const { processID, secretKey } = client as unknown as Keys
  if (processID === null || secretKey === null) return
  const { ssl } = client
  const wire = new pg.Connection({ ssl }) as unknown as CancelConnection
  const over = new Promise<void>((resolve) => {
    wire.on('end', resolve)
    wire.on('error', resolve)
  })
  const send = () => wire.cancel(processID, secretKey)
  wire.on('connect', () => (ssl ? wire.requestSsl() : send()))
  wire.on('sslconnect', send)
  wire.connect(client.port, client.host)
  await over
  wire.stream.destroy()
}
