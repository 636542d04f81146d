import { once } from 'node:events'
import { createServer } from 'node:net'
import { CommandFailed } from '../cli.ts'

/** Ports below those that systems give to whoever asks for any, of which Linux has the lowest, from 32768 on. */
export const OWN_PORTS = { first: 10_000, count: 22_000 }

/** Far enough that the next port of a process is not one of the processes that started after it. */
const STEP = 7_919

const TRIES_MAX = 100

let tried = 0

/**
 * The port itself when nobody listens there. For 0, a port that is free now, and that no program is given before wrangler listens
 * there, which takes seconds.
 *
 * @throws CommandFailed when the port is in use, or this user may not listen there.
 */
export async function findPort(port: number, host = '127.0.0.1'): Promise<number> {
  for (let tries = 1; ; tries++) {
    const one = port === 0 ? ownPort() : port
    try {
      await listenOnce(one, host)
      return one
    } catch (error) {
      if (port !== 0 || tries === TRIES_MAX) throw new CommandFailed(explain(one, host, error))
    }
  }
}

/** Processes that run at the same time begin at different ones. */
function ownPort(): number {
  return OWN_PORTS.first + ((process.pid + STEP * tried++) % OWN_PORTS.count)
}

async function listenOnce(port: number, host: string): Promise<void> {
  const server = createServer()
  server.listen(port, host)
  await once(server, 'listening')
  server.close()
  await once(server, 'close')
}

function explain(port: number, host: string, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'EADDRNOTAVAIL')
    return `This machine has no address ${host}. Use --host 0.0.0.0 for all that it has.`
  if (code !== 'EADDRINUSE')
    return `Cannot listen on port ${port}: ${error}. Choose another port: npm run dev -- --port 0`
  return `Port ${port} is in use. Stop the program that listens there, or choose another port: npm run dev -- --port 0`
}
