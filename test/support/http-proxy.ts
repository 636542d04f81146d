import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { listenLocally } from './listen.ts'

/** The fate of a request on its way. */
export type ProxyFate =
  | { readonly kind: 'through' }
  /** It arrives and is answered, and its client never hears of that. */
  | { readonly kind: 'answer lost' }
  /** It does not arrive. */
  | { readonly kind: 'lost' }
  /** It does not arrive, and is answered so instead. */
  | { readonly kind: 'refused'; readonly status: number; readonly retryAfterSeconds?: number }

/** One request as a client sent it, and what its client was told; null when that was nothing. */
export type Passed = {
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
  readonly fate: ProxyFate
  readonly status: number | null
  readonly answer: Buffer
}

/** Stands between a client and a server and decides what becomes of each request. */
export type HttpProxy = {
  readonly url: string
  readonly passed: readonly Passed[]
  close(): Promise<void>
}

/**
 * @param target the server's address, asked for at each request.
 * @param fateOf of the n-th request, from 0.
 */
export async function startHttpProxy(
  target: () => string,
  fateOf: (n: number) => ProxyFate = () => ({ kind: 'through' }),
): Promise<HttpProxy> {
  const passed: Passed[] = []
  let requests = 0
  const server = createServer((request, response) => {
    const fate = fateOf(requests++)
    void pass(target(), fate, request, response).then(
      (one) => passed.push(one),
      // The server is away, which its client sees as a lost connection.
      () => response.destroy(),
    )
  })
  const port = await listenLocally(server)
  return {
    url: `http://127.0.0.1:${port}`,
    passed,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function pass(
  target: string,
  fate: ProxyFate,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Passed> {
  const body = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>))
  const seen = { path: request.url ?? '', headers: request.headers, body, fate }
  if (fate.kind === 'lost') {
    response.destroy()
    return { ...seen, status: null, answer: Buffer.alloc(0) }
  }
  if (fate.kind === 'refused') {
    const { status, retryAfterSeconds } = fate
    if (retryAfterSeconds !== undefined) response.setHeader('retry-after', retryAfterSeconds)
    response.writeHead(status).end()
    return { ...seen, status, answer: Buffer.alloc(0) }
  }
  const { status, headers, answer } = await forward(target, request, body)
  if (fate.kind === 'answer lost') response.destroy()
  else response.writeHead(status, headers).end(answer)
  return { ...seen, status: fate.kind === 'answer lost' ? null : status, answer }
}

/** Headers of the connection, which is another one behind the proxy. */
const OF_CONNECTION = ['connection', 'host', 'transfer-encoding', 'content-length', 'keep-alive', 'expect']

async function forward(target: string, request: IncomingMessage, body: Buffer) {
  const headers = new Headers()
  for (const [name, value] of Object.entries(request.headers)) {
    if (!OF_CONNECTION.includes(name)) headers.set(name, String(value))
  }
  const { method = 'GET' } = request
  const init = { method, headers, ...(method === 'GET' || method === 'OPTIONS' ? {} : { body }) }
  const answered = await fetch(`${target}${request.url}`, init)
  const answer = Buffer.from(await answered.arrayBuffer())
  const answerHeaders = Object.fromEntries(answered.headers)
  for (const name of OF_CONNECTION) delete answerHeaders[name]
  return { status: answered.status, headers: answerHeaders, answer }
}
