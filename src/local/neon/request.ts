import type { IncomingHttpHeaders } from 'node:http'
import { z } from 'zod'
import type { IsolationLevel, Statement, TransactionMode } from './backend.ts'

/** What a `POST /sql` asks for. */
export interface NeonRequest {
  readonly statements: readonly Statement[]
  /** Null for a single statement, which is answered by its result; otherwise one transaction, answered by a list. */
  readonly transaction: TransactionMode | null
  /** By statement: whether its rows are answered as arrays, or else as objects. */
  readonly rowsAsArrays: readonly boolean[]
  /** Whether values are answered as Postgres's text, or else as JSON values where JSON has the type. */
  readonly rawText: boolean
}

/** Says no, and why, before anything has run. Neon answers these with 400 as well. */
export interface Refusal {
  readonly refusal: string
}

const query = z.object({
  query: z.string().refine((text) => !text.includes('\0'), 'holds a NUL character'),
  // Postgres counts parameters in 16 bits; one more would wrap around to none.
  params: z.array(z.unknown()).max(65_535).default([]),
  arrayMode: z.boolean().optional(),
})
const payload = z.union([query, z.object({ queries: z.array(query) })])

const ISOLATION_LEVELS: ReadonlyMap<string, IsolationLevel> = new Map([
  ['ReadUncommitted', 'read uncommitted'],
  ['ReadCommitted', 'read committed'],
  ['RepeatableRead', 'repeatable read'],
  ['Serializable', 'serializable'],
])

/**
 * Reads a request as Neon's proxy does (neondatabase/neon, proxy/src/serverless/sql_over_http.rs): a header that
 * is not exactly `true` is false, and the content type does not matter, because the driver sends none.
 */
export function parseNeonRequest(headers: IncomingHttpHeaders, body: string): NeonRequest | Refusal {
  // The driver always sends it. Demanding it also keeps out web pages: a browser asks before it sends a header
  // of this kind to another origin, and is never given leave here.
  if (headers['neon-connection-string'] === undefined) return refuse('missing header: neon-connection-string')
  const isolation = parseIsolation(headers['neon-batch-isolation-level'])
  if (isolation === undefined) return refuse('invalid isolation level')
  const parsed = parsePayload(body)
  if ('refusal' in parsed) return parsed
  const queries = 'queries' in parsed ? parsed.queries : [parsed]
  return {
    statements: queries.map(({ query, params }) => ({ text: query, params: params.map(toText) })),
    transaction: 'queries' in parsed ? { isolation, ...flags(headers) } : null,
    rowsAsArrays: queries.map(({ arrayMode }) => arrayMode ?? headers['neon-array-mode'] === 'true'),
    rawText: headers['neon-raw-text-output'] === 'true',
  }
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

function parsePayload(body: string): z.infer<typeof payload> | Refusal {
  let json: unknown
  try {
    json = JSON.parse(body)
  } catch (error) {
    return refuse(`could not parse the HTTP request body: ${error instanceof Error ? error.message : error}`)
  }
  const parsed = payload.safeParse(json)
  return parsed.success
    ? parsed.data
    : refuse(`could not parse the HTTP request body: ${z.prettifyError(parsed.error)}`)
}

function refuse(refusal: string): Refusal {
  return { refusal }
}

/**
 * A JSON parameter as the text that Postgres reads. The driver sends strings and nulls alone (it has turned the
 * rest into text by itself); other JSON becomes what Neon's proxy makes of it, arrays included. A bare number is
 * read as a double, so one beyond 2^53 must come as a string.
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
