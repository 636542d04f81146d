import { pipeline, Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { formatCount } from '../progress.ts'

/** The input cannot be read to its end. The message is for the person who runs the import. */
export class UnreadableInput extends Error {
  override readonly name = 'UnreadableInput'
}

/** RFC 1952, 2.3.1. No log and no JSON begins with these bytes: 0x1f is a control character. */
const GZIP_MAGIC = Buffer.from([0x1f, 0x8b])

/**
 * The bytes of the input, decompressed when they begin as gzip does. Several gzip members in a row, as `cat a.gz b.gz`
 * makes them, are one stream.
 *
 * @throws UnreadableInput for gzip data that is cut off or damaged
 */
export async function* decompressed(input: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  const chunks = input[Symbol.asyncIterator]()
  const head = await readHead(chunks)
  let readBytes = 0
  async function* all(): AsyncGenerator<Buffer, void, undefined> {
    for (let chunk: Buffer | null = head; chunk !== null; chunk = await nextOf(chunks)) {
      readBytes += chunk.length
      yield chunk
    }
  }
  if (!head.subarray(0, GZIP_MAGIC.length).equals(GZIP_MAGIC)) {
    yield* all()
    return
  }
  try {
    // An error of the input or of the gzip data comes out of the iteration, so the callback has nothing to do.
    yield* pipeline(Readable.from(all()), createGunzip(), () => undefined)
  } catch (error) {
    throw isGzipError(error) ? new UnreadableInput(faultOf(error.code, readBytes)) : error
  }
}

/** The first bytes, at least as many as the magic number has unless the input is shorter. */
async function readHead(chunks: AsyncIterator<Buffer>): Promise<Buffer> {
  let head = Buffer.alloc(0)
  while (head.length < GZIP_MAGIC.length) {
    const chunk = await nextOf(chunks)
    if (chunk === null) break
    head = Buffer.concat([head, chunk])
  }
  return head
}

async function nextOf(chunks: AsyncIterator<Buffer>): Promise<Buffer | null> {
  const next = await chunks.next()
  return next.done === true ? null : next.value
}

function isGzipError(error: unknown): error is Error & { readonly code: string } {
  return (
    error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code.startsWith('Z_')
  )
}

function faultOf(code: string, readBytes: number): string {
  return code === 'Z_BUF_ERROR'
    ? `The gzip data ends too early, after ${formatCount(readBytes)} bytes: the file is incomplete.`
    : `The gzip data is damaged within its first ${formatCount(readBytes)} bytes.`
}
