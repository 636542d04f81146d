import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import pg from 'pg'
import { Frames, int32, message } from './frames.ts'
import { listenLocally } from './listen.ts'

/**
 * A pooler in transaction mode, as PgBouncer is one: a client has a connection of the server from its first message until the
 * server is idle. Like PgBouncer it refuses startup parameters of a session, and statements prepared under a name,
 * which would stay with a connection that the client does not keep. It takes no setting back, so that one that outlives
 * its transaction meets the next client.
 */
export type Pooler = {
  readonly port: number
  /** Connections to Postgres that it has. */
  readonly connections: () => number
  close(): Promise<void>
}

/** A connection to Postgres, logged in. `pg` reads it no more. */
type Backend = {
  readonly socket: Socket
  readonly keys: { readonly processID: number; readonly secretKey: number }
}

const SSL_REQUEST = 80877103
const CANCEL_REQUEST = 80877102
const READY = message('Z', Buffer.from('I'))
const AUTHENTICATED = message('R', int32(0))
/** Those that PgBouncer keeps for each client by default, and those that say who it is; the last is the end. */
const STARTUP_PARAMETERS = ['user', 'database', 'client_encoding', 'application_name', '']

/** @param size connections to Postgres at most; clients wait for one. */
export async function startPooler(url: string, size: number): Promise<Pooler> {
  const pool = new Pool(url, size)
  const { port } = new URL(url)
  const clients = new Set<Socket>()
  const serving = new Map<number, Client>()
  const server = createServer((socket) => {
    clients.add(socket)
    socket.on('close', () => clients.delete(socket))
    const client = new Client(socket, pool, {
      begins: (key) => serving.set(key, client),
      ends: (key) => serving.delete(key),
      // Postgres closes the connection once it has taken the request, and only then does the pooler.
      cancel: (key) => cancel(Number(port), serving.get(key)?.backend, () => socket.destroy()),
    })
  })
  return {
    port: await listenLocally(server),
    connections: () => pool.connections,
    async close() {
      server.close()
      for (const socket of clients) socket.destroy()
      pool.close()
      await once(server, 'close')
    },
  }
}

type Around = {
  readonly begins: (key: number) => void
  readonly ends: (key: number) => void
  readonly cancel: (key: number) => void
}

class Client {
  readonly #socket: Socket
  readonly #pool: Pool
  readonly #around: Around
  readonly #frames = new Frames({ beginsWithStartup: true })
  readonly #key = randomInt(1, 2 ** 31 - 1)
  #isLoggedIn = false
  /** Messages that came before it had a connection. */
  #waiting: Buffer[] = []
  #isWaiting = false
  backend: Backend | undefined
  /** Its connection to Postgres has ended. */
  readonly #lose = () => {
    this.#socket.destroy()
  }

  constructor(socket: Socket, pool: Pool, around: Around) {
    this.#socket = socket
    this.#pool = pool
    this.#around = around
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      for (const each of this.#frames.take(chunk)) this.#take(each)
    })
    socket.on('close', () => {
      around.ends(this.#key)
      if (this.backend !== undefined) this.#pool.drop(this.backend)
      this.backend = undefined
    })
  }

  #take(each: Buffer): void {
    const type = String.fromCharCode(each[0] ?? 0)
    if (!this.#isLoggedIn) this.#start(each)
    else if (type === 'X') this.#socket.end()
    else if (type === 'P' && each[5] !== 0) this.#refuse('prepared statements have no place here')
    else if (this.backend !== undefined) this.backend.socket.write(each)
    else {
      this.#waiting.push(each)
      if (!this.#isWaiting) void this.#serve()
    }
  }

  #start(each: Buffer): void {
    const code = each.readInt32BE(4)
    if (code === CANCEL_REQUEST) {
      this.#around.cancel(each.readInt32BE(8))
    } else if (code === SSL_REQUEST) {
      this.#frames.expectStartup()
      this.#socket.write('N')
    } else {
      this.#logIn(each)
    }
  }

  #logIn(each: Buffer): void {
    const parameters = each
      .toString('utf8', 8)
      .split('\0')
      .filter((_, i) => i % 2 === 0)
    const strange = parameters.find((name) => !STARTUP_PARAMETERS.includes(name))
    if (strange !== undefined) {
      this.#refuse(`unsupported startup parameter: ${strange}`)
      return
    }
    this.#isLoggedIn = true
    this.#around.begins(this.#key)
    const keys = message('K', int32(this.#key, this.#key))
    this.#socket.write(Buffer.concat([AUTHENTICATED, keys, READY]))
  }

  /** PgBouncer's own errors have this class and no more than a text. */
  #refuse(text: string): void {
    this.#socket.end(message('E', Buffer.from(`SFATAL\0C08P01\0M${text}\0\0`)))
  }

  async #serve(): Promise<void> {
    this.#isWaiting = true
    const backend = await this.#pool.take()
    this.#isWaiting = false
    if (this.#socket.destroyed) {
      this.#pool.give(backend)
      return
    }
    this.backend = backend
    const frames = new Frames({ beginsWithStartup: false })
    backend.socket.on('data', (chunk) => {
      for (const each of frames.take(chunk)) {
        this.#socket.write(each)
        if (each.equals(READY)) this.#release(backend)
      }
    })
    backend.socket.once('close', this.#lose)
    for (const each of this.#waiting.splice(0)) backend.socket.write(each)
  }

  #release(backend: Backend): void {
    this.backend = undefined
    backend.socket.removeAllListeners('data')
    backend.socket.off('close', this.#lose)
    this.#pool.give(backend)
  }
}

class Pool {
  readonly #url: string
  readonly #size: number
  readonly #idle: Backend[] = []
  readonly #all = new Set<Backend>()
  readonly #waiters: ((backend: Backend) => void)[] = []
  #opening = 0

  constructor(url: string, size: number) {
    this.#url = url
    this.#size = size
  }

  get connections(): number {
    return this.#all.size + this.#opening
  }

  async take(): Promise<Backend> {
    const idle = this.#idle.pop()
    if (idle !== undefined) return idle
    if (this.connections < this.#size) return this.#open()
    return new Promise((resolve) => this.#waiters.push(resolve))
  }

  give(backend: Backend): void {
    const waiter = this.#waiters.shift()
    if (waiter === undefined) this.#idle.push(backend)
    else waiter(backend)
  }

  /** A transaction may be open on it. */
  drop(backend: Backend): void {
    backend.socket.destroy()
    const waiter = this.#waiters.shift()
    this.#all.delete(backend)
    if (waiter !== undefined) void this.#open().then(waiter)
  }

  close(): void {
    for (const { socket } of this.#all) socket.destroy()
  }

  async #open(): Promise<Backend> {
    this.#opening += 1
    const client = new pg.Client(this.#url)
    client.on('error', () => undefined)
    try {
      await client.connect()
      const socket = client.connection.stream as Socket
      socket.removeAllListeners('data')
      socket.resume()
      const backend = { socket, keys: client as unknown as Backend['keys'] }
      socket.once('close', () => {
        this.#all.delete(backend)
        const at = this.#idle.indexOf(backend)
        if (at >= 0) this.#idle.splice(at, 1)
      })
      this.#all.add(backend)
      return backend
    } finally {
      this.#opening -= 1
    }
  }
}

function cancel(port: number, backend: Backend | undefined, done: () => void): void {
  if (backend === undefined) {
    done()
    return
  }
  const { processID, secretKey } = backend.keys
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.on('close', done)
  socket.on('connect', () => socket.write(int32(16, CANCEL_REQUEST, processID, secretKey)))
}
