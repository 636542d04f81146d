import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { z } from 'zod'
import type { Faults } from './faults.ts'
import { listenLocally } from './listen.ts'

const rule = {
  /** The source of a regular expression, matched without regard to case. */
  match: z.string().optional(),
  /** Absent: 1. Null: every request. JSON has no Infinity. */
  times: z.number().int().positive().nullable().default(1),
}
const ms = z.number().nonnegative()
const faultSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('delay'), ms, ...rule }),
  z.strictObject({ kind: z.literal('refuse'), ...rule }),
  z.strictObject({ kind: z.literal('drop-answer'), ...rule }),
  z.strictObject({ kind: z.literal('answer-500'), ...rule }),
  z.strictObject({ kind: z.literal('answer-sqlstate'), code: z.string(), ...rule }),
  z.strictObject({ kind: z.literal('copy-later'), afterMs: ms.optional(), ...rule }),
])

export interface FaultControl {
  readonly url: string
  close(): Promise<void>
}

/**
 * Serves faults on 127.0.0.1, for a test that runs in another process or runtime than the endpoint:
 * - `POST /` injects one: `{ "kind": "delay", "ms": 50, "match": "insert", "times": 2 }` (see Fault).
 * - `POST /release` executes the held copies and answers when they are done.
 * - `DELETE /` forgets the faults, the copies that have not run and the log.
 * - `GET /` answers `{ "log": [RunRecord, ...] }`.
 */
export async function serveFaults(faults: Faults): Promise<FaultControl> {
  const server = createServer(async (request, response) => {
    const { status, body } = await control(faults, request)
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  const port = await listenLocally(server)
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

async function control(faults: Faults, request: IncomingMessage): Promise<{ status: number; body: object }> {
  switch (`${request.method} ${request.url}`) {
    case 'GET /':
      return { status: 200, body: { log: faults.log } }
    case 'POST /':
      return inject(faults, await text(request))
    case 'POST /release':
      await faults.release()
      return { status: 200, body: {} }
    case 'DELETE /':
      faults.clear()
      return { status: 200, body: {} }
    default:
      return { status: 405, body: { message: 'use GET, POST or DELETE /, or POST /release' } }
  }
}

function inject(faults: Faults, body: string): { status: number; body: object } {
  try {
    const { match, times, ...action } = faultSchema.parse(JSON.parse(body))
    const pattern = match === undefined ? undefined : new RegExp(match, 'i')
    faults.inject({ ...action, match: pattern, times: times ?? Number.POSITIVE_INFINITY })
    return { status: 200, body: {} }
  } catch (error) {
    return { status: 400, body: { message: String(error) } }
  }
}
