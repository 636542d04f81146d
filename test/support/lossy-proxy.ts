import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { listenLocally } from './listen.ts'

/** A way to a server on this machine on which packets can be lost. */
export type LossyProxy = {
  readonly port: number
  /** From now on nothing arrives any more, in either direction, and nobody is told. */
  lose(): void
  /** New connections get through again. Those of before stay half open, with whatever was lost on them. */
  heal(): void
  close(): Promise<void>
}

export async function startLossyProxy(target: number): Promise<LossyProxy> {
  let isLosing = false
  const sockets = new Set<Socket>()
  const halfOpen = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1')
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      if (isLosing) halfOpen.add(from)
      from.on('data', (chunk) => {
        if (isLosing) for (const end of [near, far]) halfOpen.add(end)
        if (!halfOpen.has(from)) to.write(chunk)
      })
      from.on('error', () => undefined)
      from.on('close', () => {
        sockets.delete(from)
        if (!halfOpen.has(from)) to.destroy()
      })
    }
  })
  const port = await listenLocally(server)
  return {
    port,
    lose() {
      isLosing = true
      for (const socket of sockets) halfOpen.add(socket)
    },
    heal() {
      isLosing = false
    },
    async close() {
      server.close()
      for (const socket of sockets) socket.destroy()
      await once(server, 'close')
    },
  }
}
