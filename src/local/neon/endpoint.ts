import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type EndpointAnswer, errorAnswer, messageAnswer, resultAnswer } from './answer.ts'
import { type Backend, BackendError, type NeonStatement } from './backend.ts'
import { type NeonRequest, parseNeonRequest } from './request.ts'

/** Neon's own bound on a request: 64 MB (neon.com/docs/serverless/serverless-driver). In bytes. */
const REQUEST_BYTES_MAX = 64 * 1024 * 1024

/**
 * Stands between a request and its execution: it may delay it, execute it again, or answer in its place.
 *
 * @param execute never rejects, so that it may be called when nobody waits for the answer any more.
 * @param closing aborted when the endpoint closes, which waits for the answer.
 */
export type Around = (
  statements: readonly NeonStatement[],
  execute: () => Promise<EndpointAnswer>,
  closing: AbortSignal,
) => Promise<EndpointAnswer>

export interface NeonEndpointOptions {
  readonly backend: Backend
  readonly around?: Around | undefined
}

export interface NeonEndpoint {
  /** The value for the driver's `fetchEndpoint`: `http://127.0.0.1:PORT/sql`. */
  readonly url: string
  /** Breaks off connections, waits for statements that are being executed, and leaves the backend open. */
  close(): Promise<void>
}

/**
 * Serves `POST /sql` on 127.0.0.1 as Neon does over HTTP, so that the real `@neondatabase/serverless` driver
 * talks to the given backend. Any connection string that a client sends leads to that backend.
 *
 * A statement whose client goes away meanwhile is cancelled, if it still can be, as Neon does. Differences from Neon:
 * no password is needed; an answer may have any size (Neon: 64 MB, then 507); nothing is rate limited.
 */
export async function startNeonEndpoint(options: NeonEndpointOptions): Promise<NeonEndpoint> {
  const closing = new AbortController()
  const underWay = new Set<Promise<void>>()
  const server = createServer((request, response) => {
    const served = serve(options, request, response, closing.signal).finally(() => underWay.delete(served))
    underWay.add(served)
  })
  // Idle connections are never closed here: the client might be sending its next request just then, which would fail.
  server.keepAliveTimeout = 0
  return {
    url: `http://127.0.0.1:${await listen(server)}/sql`,
    async close() {
      closing.abort()
      server.close()
      server.closeAllConnections()
      await Promise.all(underWay)
    },
  }
}

/** @returns the free port that it took. */
async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** Never rejects: it answers with whatever goes wrong, unless the client has gone. */
async function serve(
  options: NeonEndpointOptions,
  request: IncomingMessage,
  response: ServerResponse,
  closing: AbortSignal,
): Promise<void> {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  try {
    send(response, await answer(options, request, gone.signal, closing))
  } catch (error) {
    if (request.destroyed && !request.complete) return
    send(response, bugAnswer(error))
  }
}

function bugAnswer(error: unknown): EndpointAnswer {
  console.error('Neon endpoint:', error)
  return messageAnswer(500, 'internal error')
}

async function answer(
  { backend, around = unchanged }: NeonEndpointOptions,
  request: IncomingMessage,
  gone: AbortSignal,
  closing: AbortSignal,
): Promise<EndpointAnswer> {
  const body = await readBody(request)
  const path = request.url?.split('?', 1)[0] ?? ''
  if (!isLocalHost(request.headers.host)) return messageAnswer(403, 'this endpoint only serves this machine')
  if (body === null) return messageAnswer(413, `the request is larger than ${REQUEST_BYTES_MAX} bytes`)
  if (path !== '/sql') return messageAnswer(404, 'not found: this endpoint serves POST /sql')
  if (request.method !== 'POST') return messageAnswer(405, 'use POST')
  const parsed = parseNeonRequest(request.headers, body)
  if (!parsed.ok) return messageAnswer(400, parsed.error)
  const asked = parsed.value
  return around(asked.statements, () => execute(backend, asked, gone), closing)
}

const unchanged: Around = (_, execute) => execute()

/** Keeps out a web page whose host name points to 127.0.0.1, because SQL is answered here without a password. */
function isLocalHost(host: string | undefined): boolean {
  return /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(host ?? '')
}

/** Null when the body is too large. The rest is read and dropped, so that the client hears the answer. */
async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes <= REQUEST_BYTES_MAX) chunks.push(chunk)
    else chunks.length = 0
  }
  return bytes <= REQUEST_BYTES_MAX ? Buffer.concat(chunks).toString() : null
}

/**
 * Never rejects, as `Around` has it. A copy that begins when its client has gone already is a late one, which the
 * network may deliver: it runs.
 */
async function execute(backend: Backend, request: NeonRequest, client: AbortSignal): Promise<EndpointAnswer> {
  const gone = client.aborted ? undefined : client
  try {
    // A request without a transaction has one statement.
    const results =
      request.transaction === null
        ? await Promise.all(request.statements.map((statement) => backend.query(statement, gone)))
        : await backend.batch(request.statements, request.transaction, gone)
    return resultAnswer(request, results)
  } catch (error) {
    return error instanceof BackendError ? errorAnswer(error) : bugAnswer(error)
  }
}

function send(response: ServerResponse, answer: EndpointAnswer): void {
  if (answer.kind === 'hang-up') {
    response.destroy()
    return
  }
  if (response.destroyed) return
  response.writeHead(answer.status, { 'content-type': 'application/json' })
  response.end(answer.body)
}
