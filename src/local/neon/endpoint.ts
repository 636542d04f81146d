import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { controlFaults } from '../../../test/support/fault-control.ts'
import type { Faults } from '../../../test/support/faults.ts'
import { type Answer, errorAnswer, messageAnswer, resultAnswer } from './answer.ts'
import { type Backend, BackendError } from './backend.ts'
import { type NeonRequest, parseNeonRequest } from './request.ts'

/** Neon's own bound on a request: 64 MB (neon.com/docs/serverless/serverless-driver). In bytes. */
const REQUEST_BYTES_MAX = 64 * 1024 * 1024

export interface NeonEndpointOptions {
  readonly backend: Backend
  /** 0, the default, takes any free port. */
  readonly port?: number | undefined
  /** For tests. With faults the endpoint also serves `/faults` (see controlFaults). */
  readonly faults?: Faults | undefined
}

export interface NeonEndpoint {
  /** What the driver's `fetchEndpoint` is to be: `http://127.0.0.1:PORT/sql`. */
  readonly url: string
  readonly port: number
  /** Breaks off its connections, waits for what is being executed, and leaves the backend open. */
  close(): Promise<void>
}

/**
 * Serves `POST /sql` on 127.0.0.1 as Neon does over HTTP, so that the real `@neondatabase/serverless` driver
 * talks to the given backend. Whatever connection string a client sends, it gets that backend.
 *
 * What differs from Neon: no password is asked for; a statement whose client has gone runs to its end (Neon
 * cancels it, if it still can); an answer may be of any size (Neon: 64 MB, then 507); nothing is rate limited.
 *
 * @throws when the port is taken.
 */
export async function startNeonEndpoint(options: NeonEndpointOptions): Promise<NeonEndpoint> {
  const closing = new AbortController()
  const underWay = new Set<Promise<void>>()
  const server = createServer((request, response) => {
    const served = serve(options, request, response, closing.signal).finally(() => underWay.delete(served))
    underWay.add(served)
  })
  // A server that closes an idle connection races the client's next request on it, which then fails for nothing.
  server.keepAliveTimeout = 0
  const port = await listen(server, options.port ?? 0)
  return {
    url: `http://127.0.0.1:${port}/sql`,
    port,
    async close() {
      closing.abort()
      server.close()
      server.closeAllConnections()
      await Promise.all(underWay)
    },
  }
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** Never rejects: what goes wrong is answered, or the client has gone. */
async function serve(
  options: NeonEndpointOptions,
  request: IncomingMessage,
  response: ServerResponse,
  closing: AbortSignal,
): Promise<void> {
  try {
    send(response, await answer(options, request, closing))
  } catch (error) {
    if (request.destroyed && !request.complete) return
    send(response, bugAnswer(error))
  }
}

function bugAnswer(error: unknown): Answer {
  console.error('Neon endpoint:', error)
  return messageAnswer(500, 'internal error')
}

async function answer(
  { backend, faults }: NeonEndpointOptions,
  request: IncomingMessage,
  closing: AbortSignal,
): Promise<Answer> {
  const body = await readBody(request)
  const path = request.url?.split('?', 1)[0] ?? ''
  if (!isLocalHost(request.headers.host)) return messageAnswer(403, 'this endpoint serves this machine alone')
  if (body === null) return messageAnswer(413, `the request is larger than ${REQUEST_BYTES_MAX} bytes`)
  if (faults !== undefined && path.startsWith('/faults')) {
    return controlFaults(faults, `${request.method} ${path}`, body)
  }
  if (path !== '/sql') return messageAnswer(404, 'not found: this endpoint serves POST /sql')
  if (request.method !== 'POST') return messageAnswer(405, 'use POST')
  const parsed = parseNeonRequest(request.headers, body)
  if ('refusal' in parsed) return messageAnswer(400, parsed.refusal)
  const run = () => execute(backend, parsed)
  return faults === undefined ? run() : faults.around(parsed.statements, run, closing)
}

/** Keeps out a web page whose own name was made to lead to 127.0.0.1: SQL is answered here without a password. */
function isLocalHost(host: string | undefined): boolean {
  return /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(host ?? '')
}

/** Null when the body is too large. The rest of it is read and dropped, so that the client hears the answer. */
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

/** Never rejects, so that a fault may call it when nobody waits for the answer any more. */
async function execute(backend: Backend, request: NeonRequest): Promise<Answer> {
  try {
    // A request without a transaction has one statement.
    const results =
      request.transaction === null
        ? await Promise.all(request.statements.map((statement) => backend.query(statement)))
        : await backend.batch(request.statements, request.transaction)
    return resultAnswer(request, results)
  } catch (error) {
    return error instanceof BackendError ? errorAnswer(error) : bugAnswer(error)
  }
}

function send(response: ServerResponse, answer: Answer): void {
  if (answer.kind === 'hang-up') {
    response.destroy()
    return
  }
  if (response.destroyed) return
  response.writeHead(answer.status, { 'content-type': 'application/json' })
  response.end(answer.body)
}
