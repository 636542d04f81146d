import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { z } from 'zod'

/** What the services that are not Workers have in common: HTTP on 127.0.0.1, and the same check of the same body. */

const incrementSchema = z.strictObject({
  key: z.string().min(1).max(512),
  value: z.int().positive().default(1),
})

export type Increment = z.infer<typeof incrementSchema>

const bodySchema = z.union([
  z.array(incrementSchema).max(10_000),
  incrementSchema.transform((item) => [item]),
])

/** Undefined for a body that is refused. */
export async function itemsOf(request: IncomingMessage): Promise<Increment[] | undefined> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  try {
    return bodySchema.parse(JSON.parse(Buffer.concat(chunks).toString()))
  } catch {
    return undefined
  }
}

/** The key of `GET /counters?key=`; undefined for any other request. */
export function keyRead({ method, url = '' }: IncomingMessage): string | undefined {
  if (method !== 'GET') return undefined
  return new URL(url, 'http://localhost').searchParams.get('key') ?? ''
}

export function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

/** Listens on a free port, and prints it. */
export function say(server: Server): void {
  server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))
}
