import pg from 'pg'
import { must } from '../../model/assert.ts'
import {
  type BackendError,
  ERROR_FIELDS,
  type ErrorFields,
  type Field,
  type StatementResult,
} from './backend.ts'
import type { NeonRequest } from './request.ts'

/** The client gets either JSON with a status, or a connection that breaks off. */
export type EndpointAnswer =
  | { readonly kind: 'json'; readonly status: number; readonly body: string }
  | { readonly kind: 'hang-up' }

/** A refusal that does not come from Postgres: `{ "message" }`, as Neon's proxy answers what it refuses itself. */
export function messageAnswer(status: number, message: string): EndpointAnswer {
  return { kind: 'json', status, body: JSON.stringify({ message }) }
}

/** Answers with the results of a request, in the shape that its headers ask for. */
export function resultAnswer(request: NeonRequest, results: readonly StatementResult[]): EndpointAnswer {
  const shaped = results.map((result, i) =>
    shapeResult(result, must(request.rowsAsArrays[i], 'the row mode of a statement'), request.rawText),
  )
  const body = request.transaction === null ? shaped[0] : { results: shaped }
  return { kind: 'json', status: 200, body: JSON.stringify(body, nonFiniteAsText) }
}

/**
 * Answers an error with Neon's statuses (sql_over_http.rs, get_http_status_code). A refusal by Postgres is a 400, and a
 * connection lost on the way is a 400 with an empty code. A database that cannot be reached is a 500.
 */
export function errorAnswer(error: BackendError): EndpointAnswer {
  const fields: ErrorFields = { code: '', severity: '', ...error.fields }
  const shaped = Object.fromEntries(ERROR_FIELDS.map((name) => [name, fields[name] ?? null]))
  const body = JSON.stringify({ message: error.message, ...shaped })
  return { kind: 'json', status: error.kind === 'unreachable' ? 500 : 400, body }
}

function shapeResult(
  { fields, rows, command, rowCount }: StatementResult,
  rowAsArray: boolean,
  rawText: boolean,
) {
  const values = rawText ? rows : rows.map((row) => row.map((text, i) => toJson(text, fields[i])))
  const shaped = rowAsArray ? values : values.map((row) => toObject(row, fields))
  return { fields, rows: shaped, command, rowCount, rowAsArray }
}

function toObject(row: readonly unknown[], fields: readonly Field[]): Record<string, unknown> {
  return Object.fromEntries(fields.map((field, i) => [field.name, row[i]]))
}

/** Without Neon-Raw-Text-Output, Neon turns these scalars into JSON: bool, int2, int4, float4, float8, json, jsonb. */
const JSON_TYPES = new Set([16, 21, 23, 700, 701, 114, 3802])
/** The array types of those scalars, in the same order. Neon answers any other array as the text of its elements. */
const JSON_ARRAY_TYPES = new Set([1000, 1005, 1007, 1021, 1022, 199, 3807])
const TEXT_ARRAY: number = 1009
/** Array types whose elements stay text: text, varchar, bpchar, int8, numeric, uuid, timestamp, timestamptz, date, bytea. */
const TEXT_ARRAY_TYPES = new Set([TEXT_ARRAY, 1015, 1014, 1016, 1231, 2951, 1115, 1185, 1182, 1001])

function toJson(text: string | null, field: Field | undefined): unknown {
  if (text === null || field === undefined) return null
  const type = field.dataTypeID
  if (JSON_TYPES.has(type) || JSON_ARRAY_TYPES.has(type)) return pg.types.getTypeParser(type)(text)
  return TEXT_ARRAY_TYPES.has(type) ? pg.types.getTypeParser(TEXT_ARRAY)(text) : text
}

/** JSON has no NaN and no infinities. Neon answers with Postgres's words for them, which JavaScript uses too. */
function nonFiniteAsText(_name: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value
}
