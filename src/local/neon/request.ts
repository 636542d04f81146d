import type { IncomingHttpHeaders } from 'node:http'
import { z } from 'zod'
import { fail, ok, type Result } from '../../model/result.ts'
import type { IsolationLevel, NeonStatement, TransactionMode } from './backend.ts'

/** A `POST /sql`, read and checked. */
export interface NeonRequest {
  readonly statements: readonly NeonStatement[]
  /** Null for a single statement, whose answer is its result. Otherwise all run in one transaction, and the answer is a list. */
  readonly transaction: TransactionMode | null
  /** For each statement, whether the answer has its rows as arrays. Otherwise it has them as objects. */
  readonly rowsAsArrays: readonly boolean[]
  /** Whether the answer has values as Postgres's text. Otherwise it has JSON values where JSON has the type. */
  readonly rawText: boolean
}

const query = z.object({
  query: z.string().refine((text) => !text.includes('\0'), 'holds a NUL character'),
  // Postgres counts parameters in 16 bits, so one more would count as none.
  params: z.array(z.unknown()).max(65_535).default([]),
  arrayMode: z.boolean().optional(),
})
const payload = z.union([
  query.transform((one) => ({ queries: [one], isBatch: false })),
  z.object({ queries: z.array(query) }).transform(({ queries }) => ({ queries, isBatch: true })),
])

const ISOLATION_LEVELS: ReadonlyMap<string, IsolationLevel> = new Map([
  ['ReadUncommitted', 'read uncommitted'],
  ['ReadCommitted', 'read committed'],
  ['RepeatableRead', 'repeatable read'],
  ['Serializable', 'serializable'],
])

/**
 * Reads a request as Neon's proxy does (neondatabase/neon, proxy/src/serverless/sql_over_http.rs). A header that is not
 * exactly `true` is false, and the content type does not matter, because the driver sends none.
 *
 * @returns the request, or why it is refused. Neon answers a refusal with 400 too.
 */
export function parseNeonRequest(headers: IncomingHttpHeaders, body: string): Result<NeonRequest, string> {
  // The driver always sends this header. Requiring it also keeps out web pages, because a browser asks before it sends such a
  // header to another origin, and this endpoint never allows it.
  if (headers['neon-connection-string'] === undefined) return fail('missing header: neon-connection-string')
  const isolation = parseIsolation(headers['neon-batch-isolation-level'])
  if (isolation === undefined) return fail('invalid isolation level')
  const parsed = parsePayload(body)
  if (!parsed.ok) return parsed
  const { queries, isBatch } = parsed.value
  return ok({
    statements: queries.map(({ query, params }) => ({ text: query, params: params.map(toText) })),
    transaction: isBatch ? { isolation, ...flags(headers) } : null,
    rowsAsArrays: queries.map(({ arrayMode }) => arrayMode ?? headers['neon-array-mode'] === 'true'),
    rawText: headers['neon-raw-text-output'] === 'true',
  })
}

function flags(headers: IncomingHttpHeaders): Pick<TransactionMode, 'readOnly' | 'deferrable'> {
  return {
    readOnly: headers['neon-batch-read-only'] === 'true',
    deferrable: headers['neon-batch-deferrable'] === 'true',
  }
}

/** Null when the header is absent, undefined when it names no level. */
function parseIsolation(header: string | string[] | undefined): IsolationLevel | null | undefined {
  return header === undefined ? null : ISOLATION_LEVELS.get(String(header))
}

function parsePayload(body: string): Result<z.infer<typeof payload>, string> {
  let json: unknown
  try {
    json = JSON.parse(body)
  } catch (error) {
    return fail(`could not parse the HTTP request body: ${error instanceof Error ? error.message : error}`)
  }
  const parsed = payload.safeParse(json)
  return parsed.success
    ? ok(parsed.data)
    : fail(`could not parse the HTTP request body: ${z.prettifyError(parsed.error)}`)
}

/**
 * A JSON parameter as the text that Postgres reads. The driver only sends strings and nulls, because it turns everything else
 * into text itself. Other JSON becomes the same text as in Neon's proxy, arrays included. A bare number is read as a double, so
 * a number beyond 2^53 must be a string.
 */
function toText(value: unknown): string | null {
  if (value === null) return null
  if (typeof value === 'string') return value
  return Array.isArray(value) ? toArrayLiteral(value) : JSON.stringify(value)
}

function toArrayLiteral(items: readonly unknown[]): string {
  return `{${items.map(toArrayElement).join(',')}}`
}

function toArrayElement(item: unknown): string {
  if (item === null) return 'NULL'
  if (Array.isArray(item)) return toArrayLiteral(item)
  return typeof item === 'object' ? JSON.stringify(JSON.stringify(item)) : JSON.stringify(item)
}
