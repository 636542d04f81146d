import { headersOf } from './headers.ts'

/** ECMAScript's JSON.rawJSON: a number that leaves exactly as written. Not in TypeScript's library yet. */
declare global {
  interface JSON {
    rawJSON(text: string): object
  }
}

/** As JSON.stringify, but a bigint becomes a JSON integer, exact at any size. [A2] */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? JSON.rawJSON(String(part)) : part))
}

const HEADERS = headersOf('application/json')

/** @param headers in place of those that every answer has. */
export function jsonResponse(
  value: unknown,
  status = 200,
  headers: Headers | Record<string, string> = HEADERS,
): Response {
  return new Response(toJson(value), { status, headers })
}
