import { BODY_PIECE_BYTES, REQUEST_BYTES_MAX, REQUEST_DRAINED_BYTES_MAX } from '../../limits.ts'
import type { Result } from '../../model/result.ts'
import { fail, ok } from '../../model/result.ts'
import { BrokenBody, gunzipped } from './gunzip.ts'
import type { Problem } from './problem.ts'

export const TOO_LARGE: Problem = { kind: 'body_too_large', bytesMax: REQUEST_BYTES_MAX }

/** Whether a body is compressed by gzip; a problem for any other compression. */
export function compressionOf(headers: Headers): Result<'none' | 'gzip', Problem> {
  const encoding = headers.get('content-encoding')?.trim().toLowerCase() ?? ''
  if (encoding === '' || encoding === 'identity') return ok('none')
  if (encoding === 'gzip' || encoding === 'x-gzip') return ok('gzip')
  return fail({ kind: 'unsupported_media_type', header: 'Content-Encoding' })
}

/**
 * Reads a body of at most REQUEST_BYTES_MAX, decompressed. A larger one is read to its end all the same and thrown away,
 * because an answer in the middle of a body resets the connection of most clients, which then never see the 413.
 */
export async function readBody(request: Request): Promise<Result<ArrayBuffer, Problem>> {
  const compression = compressionOf(request.headers)
  if (!compression.ok) return compression
  const declared = declaredBytes(request)
  if (declared > REQUEST_DRAINED_BYTES_MAX) return fail(TOO_LARGE)
  try {
    if (compression.value === 'none' && declared <= REQUEST_BYTES_MAX) return ok(await request.arrayBuffer())
    return await readUpTo(REQUEST_BYTES_MAX, bodyPieces(request, compression.value))
  } catch (error) {
    return fail(brokenBody(error))
  }
}

/**
 * The problem of a body that could not be read: it is no gzip, or the client has gone in the middle of it, so that nobody
 * hears the answer.
 */
export function brokenBody(error: unknown): Problem {
  return {
    kind: 'malformed_json',
    fault: error instanceof BrokenBody ? error.fault : { kind: 'cut_off' },
  }
}

async function readUpTo(
  bytesMax: number,
  pieces: AsyncIterable<Uint8Array>,
): Promise<Result<ArrayBuffer, Problem>> {
  const read: Uint8Array[] = []
  let size = 0
  for await (const piece of pieces) {
    size += piece.byteLength
    // Leaving the loop ends the decompression, and throws away the rest of the body.
    if (size > bytesMax) return fail(TOO_LARGE)
    read.push(piece)
  }
  return ok(await new Blob(read).arrayBuffer())
}

/** A body piece by piece, decompressed. Whoever stops in the middle waits until the rest has come and is thrown away. */
export function bodyPieces(request: Request, compression: 'none' | 'gzip'): AsyncGenerator<Uint8Array> {
  const isSmall = declaredBytes(request) <= REQUEST_BYTES_MAX
  const pieces = isSmall ? readAtOnce(request) : drained(request.body)
  return compression === 'gzip' ? gunzipped(pieces) : pieces
}

/** NaN without a Content-Length. */
function declaredBytes({ headers }: Request): number {
  return Number(headers.get('content-length') ?? Number.NaN)
}

/** Reads a small body at once, because as a stream it comes in pieces of 4 KiB, each a turn of the runtime. */
async function* readAtOnce(request: Request): AsyncGenerator<Uint8Array> {
  const bytes = new Uint8Array(await request.arrayBuffer())
  for (let from = 0; from < bytes.length; from += BODY_PIECE_BYTES) {
    yield bytes.subarray(from, from + BODY_PIECE_BYTES)
  }
}

async function* drained(body: ReadableStream<Uint8Array> | null): AsyncGenerator<Uint8Array> {
  if (body === null) return
  const reader = body.getReader()
  let size = 0
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      size += value.byteLength
      yield value
    }
  } finally {
    await drain(reader, size)
  }
}

/** Reads a body to its end, or to REQUEST_DRAINED_BYTES_MAX. */
async function drain(reader: ReadableStreamDefaultReader<Uint8Array>, before: number): Promise<void> {
  try {
    for (let size = before; size <= REQUEST_DRAINED_BYTES_MAX; ) {
      const { done, value } = await reader.read()
      if (done) return
      size += value.byteLength
    }
    await reader.cancel()
  } catch {
    // The client has gone, so there is no more to read.
  }
}
