import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { Frames } from './frames.ts'
import { listenLocally } from './listen.ts'

/** Cuts a connection once so many bytes have passed in one direction; what comes after them is lost, in both. */
export type Cut = { readonly from: 'client' | 'server'; readonly afterBytes: number }

/** A way to a PostgreSQL on this machine that is listened to, and can be cut. */
export type TappedProxy = {
  readonly port: number
  /** A connection string that leads through this. */
  through(url: string): string
  /** Cuts the next connection, and that one alone. */
  cutNext(cut: Cut): void
  /** While it is away it ends every connection, and each new one at once. */
  setAway(isAway: boolean): void
  /** Begins to count anew. */
  reset(): void
  /** Since the last reset. Statements are those that clients have sent: messages of the types Parse and Query. */
  readonly seen: {
    connections: number
    statements: number
    clientBytes: number
    serverBytes: number
    wasCut: boolean
  }
  /** Clients' connections that are open now. */
  readonly open: () => number
  close(): Promise<void>
}

const nothing = () => ({ connections: 0, statements: 0, clientBytes: 0, serverBytes: 0, wasCut: false })

export async function startTappedProxy(target: number): Promise<TappedProxy> {
  const seen = nothing()
  const sockets = new Set<Socket>()
  let clients = 0
  let planned: Cut | undefined
  let isAway = false
  const server = createServer((client) => {
    if (isAway) {
      client.destroy()
      return
    }
    const cut = planned
    planned = undefined
    seen.connections += 1
    clients += 1
    const upstream = connect(target, '127.0.0.1')
    const end = () => {
      client.destroy()
      upstream.destroy()
    }
    client.on('close', () => {
      clients -= 1
    })
    const frames = new Frames({ beginsWithStartup: true })
    for (const [from, to, side] of [
      [client, upstream, 'client'],
      [upstream, client, 'server'],
    ] as const) {
      sockets.add(from)
      let left = cut?.from === side ? cut.afterBytes : Number.POSITIVE_INFINITY
      from.on('data', (chunk) => {
        if (side === 'client') {
          seen.clientBytes += chunk.length
          for (const each of frames.take(chunk))
            if (each[0] === 0x50 || each[0] === 0x51) seen.statements += 1
        } else seen.serverBytes += chunk.length
        if (chunk.length < left) {
          left -= chunk.length
          to.write(chunk)
          return
        }
        seen.wasCut = true
        // The bytes before the cut arrive: only then are both sides told of the end.
        to.write(chunk.subarray(0, left), end)
        left = 0
        from.pause()
      })
      from.on('error', () => undefined)
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
    }
  })
  const port = await listenLocally(server)
  return {
    port,
    through: (url) => url.replace(`:${target}/`, `:${port}/`),
    cutNext(cut) {
      planned = cut
    },
    setAway(is) {
      isAway = is
      if (is) for (const socket of sockets) socket.destroy()
    },
    reset: () => void Object.assign(seen, nothing()),
    seen,
    open: () => clients,
    async close() {
      server.close()
      for (const socket of sockets) socket.destroy()
      await once(server, 'close')
    },
  }
}
