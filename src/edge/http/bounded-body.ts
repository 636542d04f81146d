import { REQUEST_BYTES_MAX, REQUEST_DRAINED_BYTES_MAX } from '../../limits.ts'
import type { Result } from '../../model/result.ts'
import { fail, ok } from '../../model/result.ts'
import type { Problem } from './problem.ts'

export const TOO_LARGE: Problem = { kind: 'body_too_large', bytesMax: REQUEST_BYTES_MAX }

/**
 * Reads a body of at most REQUEST_BYTES_MAX. A larger one is read to its end all the same and thrown away, because an
 * answer in the middle of a body resets the connection of most clients, which then never see the 413.
 */
export async function readBody(request: Request): Promise<Result<ArrayBuffer, Problem>> {
  try {
    const declared = Number(request.headers.get('content-length') ?? Number.NaN)
    if (declared <= REQUEST_BYTES_MAX) return ok(await request.arrayBuffer())
    if (declared > REQUEST_DRAINED_BYTES_MAX) return fail(TOO_LARGE)
    return await readUpTo(REQUEST_BYTES_MAX, request.body)
  } catch {
    // The client has gone in the middle of its body, so nobody hears the answer.
    return fail({ kind: 'malformed_json', fault: { kind: 'cut_off' } })
  }
}

async function readUpTo(
  bytesMax: number,
  body: ReadableStream | null,
): Promise<Result<ArrayBuffer, Problem>> {
  if (body === null) return ok(new ArrayBuffer())
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.byteLength
    // Leaving the loop cancels the stream.
    if (size > REQUEST_DRAINED_BYTES_MAX) break
    if (size > bytesMax) chunks.length = 0
    else chunks.push(chunk)
  }
  return size > bytesMax ? fail(TOO_LARGE) : ok(await new Blob(chunks).arrayBuffer())
}
