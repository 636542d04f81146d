import { z } from 'zod'
import { type Hour, hourOf } from '../../model/hour.ts'

/**
 * Where a page of a list ended, and which list it was. It carries the hours because those of a list without `from` and
 * `to` move on, so that a later page could miss a key or show it twice.
 */
export type Cursor = {
  readonly prefix: string
  /** Null for a list that asks for no text inside keys. */
  readonly contains: string | null
  /** Conditions on labels, as they were given. */
  readonly where: readonly string[]
  /** Null for a list of keys. */
  readonly depth: number | null
  /** A range that has a name, with its zone; null for a list without. */
  readonly rangeName: string | null
  readonly from: Hour
  readonly to: Hour
  /** The last key of the page; the next page begins above it. */
  readonly after: string
}

/**
 * Lists with a text inside keys, a named range or labels each have their own version of cursor. Older code refuses a version
 * that it does not know, and so never turns to a page of another list. Cursors live only as long as somebody turns pages.
 */
const [PLAIN, CONTAINING, RANGED, LABELLED] = [1, 2, 3, 4] as const

/** An hour that a request can name. */
const hour = z
  .int()
  .min(hourOf(Date.UTC(1000, 0)))
  .max(hourOf(Date.UTC(9999, 0)))
  .transform((value) => value as Hour)
const text = z.string().refine((value) => value.isWellFormed())
const someText = text.nullable()

const depthSchema = z.int().nullable()
const cursorSchema = z.union([
  z.tuple([z.literal(PLAIN), text, depthSchema, hour, hour, text]),
  z.tuple([z.literal(CONTAINING), text, depthSchema, hour, hour, text, text]),
  z.tuple([z.literal(RANGED), text, depthSchema, hour, hour, text, someText, text]),
  z.tuple([z.literal(LABELLED), text, depthSchema, hour, hour, text, someText, someText, z.array(text)]),
])

/** Encodes a cursor as base64url of JSON, opaque to clients. It grants nothing: each request needs its own token. */
export function encodeCursor(cursor: Cursor): string {
  const bytes = new TextEncoder().encode(JSON.stringify(listOf(cursor)))
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
}

function listOf({ prefix, contains, where, depth, rangeName, from, to, after }: Cursor) {
  const list = [prefix, depth, from, to, after]
  if (where.length > 0) return [LABELLED, ...list, contains, rangeName, where]
  if (rangeName !== null) return [RANGED, ...list, contains, rangeName]
  return contains === null ? [PLAIN, ...list] : [CONTAINING, ...list, contains]
}

/** The inverse of `encodeCursor`; undefined for anything else. */
export function decodeCursor(encoded: string): Cursor | undefined {
  if (!/^[\w-]+$/.test(encoded)) return undefined
  const parsed = cursorSchema.safeParse(parseBase64Json(encoded))
  if (!parsed.success) return undefined
  const [, prefix, depth, from, to, after, contains = null, rangeName = null, where = []] = parsed.data
  return { prefix, contains, where, depth, rangeName, from, to, after }
}

function parseBase64Json(encoded: string): unknown {
  try {
    const binary = atob(encoded.replaceAll('-', '+').replaceAll('_', '/'))
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0))
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes))
  } catch {
    // Anything that `encodeCursor` did not make is no cursor.
    return undefined
  }
}
