import { headersOf } from './headers.ts'

/** ECMAScript's JSON.rawJSON: a number that leaves exactly as written. Not in TypeScript's library yet. */
declare global {
  interface JSON {
    rawJSON(text: string): object
  }
}

/**
 * As JSON.stringify, but a bigint becomes a JSON integer, exact at any size. [A2]
 *
 * Bigints are replaced beforehand: JSON.stringify with a replacer calls it for every part, which was a tenth of what
 * a read of 24 hours takes.
 */
export function toJson(value: unknown): string {
  return JSON.stringify(withoutBigints(value))
}

function withoutBigints(value: unknown): unknown {
  if (typeof value === 'bigint') return numberOf(value)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(withoutBigints)
  // Copied at once, and then only what differs: that takes half as long as name by name. No name is __proto__.
  const copy: Record<string, unknown> = { ...value }
  for (const name in copy) {
    const part = copy[name]
    if (typeof part === 'bigint' || typeof part === 'object') copy[name] = withoutBigints(part)
  }
  return copy
}

/** A number says the same as its bigint where it is exact, and is written faster. */
function numberOf(value: bigint): number | object {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : JSON.rawJSON(String(value))
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
