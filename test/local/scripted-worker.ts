import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Received = {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  /** The increments, in the order of the request. */
  readonly items: readonly { readonly key: string; readonly at?: unknown; readonly id?: unknown }[]
}

/** Answers the nth request (from 0). */
export type Script = (request: Received, n: number, response: ServerResponse) => void

/** Something far away that takes increments, and answers as the script says. */
export async function listen(script: Script, port = 0) {
  const received: Received[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const items = JSON.parse(Buffer.concat(chunks).toString() || '[]')
      const { method = '', url: path = '', headers } = request
      const one = { method, path, headers, items }
      received.push(one)
      script(one, received.length - 1, response)
    })
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const address = server.address() as AddressInfo
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return { url: new URL(`http://127.0.0.1:${address.port}`), port: address.port, received, close }
}

export function accept(response: ServerResponse, accepted: number, duplicates = 0, conflicts: number[] = []) {
  answer(response, 202, { accepted, duplicates, conflicts })
}

export function problem(response: ServerResponse, status: number, body: object, headers = {}) {
  answer(
    response,
    status,
    { type: 'about:blank', title: 'A problem', status, ...body },
    headers,
    'problem+json',
  )
}

function answer(response: ServerResponse, status: number, body: object, headers = {}, type = 'json') {
  response.writeHead(status, { 'content-type': `application/${type}`, ...headers }).end(JSON.stringify(body))
}
