import type { CsvRows } from '../../model/text/csv.ts'
import { csv } from '../../model/text/csv.ts'
import { headersOf } from '../http/headers.ts'
import { jsonResponse } from '../http/json.ts'
import { prefersCsv } from './accept.ts'

/** A table, and beside it what else the JSON answer says. */
export type CsvTable = {
  readonly rows: CsvRows
  /** By their names in JSON; null is left out. */
  readonly fields: Readonly<Record<string, string | number | boolean | null>>
  /** The address of the next page. */
  readonly next?: string | undefined
}

/** Without a byte order mark, because programs would read it as part of the first column's name. */
const CSV = 'text/csv; charset=utf-8; header=present'

const JSON_HEADERS = varying(headersOf('application/json'))
const CSV_HEADERS = varying(headersOf(CSV))

function varying(headers: Headers): Headers {
  headers.set('vary', 'Accept')
  return headers
}

/** Answers in the form that the request prefers. */
export function jsonOrCsvResponse({ headers }: Request, value: object, tableOf: () => CsvTable): Response {
  return prefersCsv(headers.get('accept')) ? csvResponse(tableOf()) : jsonResponse(value, 200, JSON_HEADERS)
}

function csvResponse({ rows, fields, next }: CsvTable): Response {
  const headers = new Headers(CSV_HEADERS)
  for (const [name, value] of Object.entries(fields)) {
    if (value !== null) headers.set(headerOf(name), String(value))
  }
  if (next !== undefined) headers.set('link', `<${next}>; rel="next"`)
  return new Response(csv(rows), { headers })
}

/** `Sumdial-Fresh-From` for `freshFrom`. */
function headerOf(field: string): string {
  return `sumdial-${field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}
