import { once } from 'node:events'
import { createServer } from 'node:net'
import { CommandFailed } from '../cli.ts'

/**
 * The port itself when nobody listens there. For 0, a port that is free now.
 *
 * @throws CommandFailed when the port is in use, or this user may not listen there.
 */
export async function findPort(port: number, host = '127.0.0.1'): Promise<number> {
  const server = createServer()
  try {
    server.listen(port, host)
    await once(server, 'listening')
  } catch (error) {
    throw new CommandFailed(explain(port, host, error))
  }
  const address = server.address()
  server.close()
  await once(server, 'close')
  return address === null || typeof address === 'string' ? port : address.port
}

function explain(port: number, host: string, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'EADDRNOTAVAIL')
    return `This machine has no address ${host}. Use --host 0.0.0.0 for all that it has.`
  if (code !== 'EADDRINUSE')
    return `Cannot listen on port ${port}: ${error}. Choose another port: npm run dev -- --port 0`
  return `Port ${port} is in use. Stop the program that listens there, or choose another port: npm run dev -- --port 0`
}
