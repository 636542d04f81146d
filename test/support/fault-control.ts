import { z } from 'zod'
import { type Answer, messageAnswer } from '../../src/local/neon/answer.ts'
import type { Faults } from './faults.ts'

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

/**
 * Faults over HTTP, for a test that runs in another process or runtime than the endpoint:
 * - `POST /faults` injects one: `{ "kind": "delay", "ms": 50, "match": "insert", "times": 2 }` (see Fault).
 * - `POST /faults/release` executes the held copies and answers when they are done.
 * - `DELETE /faults` forgets the faults, the copies that have not run and the log.
 * - `GET /faults` answers `{ "log": [RunRecord, ...] }`.
 */
export async function controlFaults(faults: Faults, route: string, body: string): Promise<Answer> {
  switch (route) {
    case 'GET /faults':
      return json({ log: faults.log })
    case 'POST /faults':
      return inject(faults, body)
    case 'POST /faults/release':
      await faults.release()
      return json({})
    case 'DELETE /faults':
      faults.clear()
      return json({})
    default:
      return messageAnswer(405, 'use GET, POST or DELETE /faults, or POST /faults/release')
  }
}

function inject(faults: Faults, body: string): Answer {
  try {
    const { match, times, ...action } = faultSchema.parse(JSON.parse(body))
    const pattern = match === undefined ? undefined : new RegExp(match, 'i')
    faults.inject({ ...action, match: pattern, times: times ?? Number.POSITIVE_INFINITY })
    return json({})
  } catch (error) {
    return messageAnswer(400, error instanceof Error ? error.message : String(error))
  }
}

function json(value: unknown): Answer {
  return { kind: 'json', status: 200, body: JSON.stringify(value) }
}
