import { createReadStream } from 'node:fs'
import { pipeline, Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { formatCount } from '../progress.ts'

/** The input cannot be read to its end. The message is for the person who runs the import. */
export class UnreadableInput extends Error {
  override readonly name = 'UnreadableInput'
  /** Whether what was read before may be wrong, and not only incomplete. */
  readonly isDamaged: boolean

  constructor(message: string, isDamaged = false) {
    super(message)
    this.isDamaged = isDamaged
  }
}

/** An error of the file or the pipe, or of its being closed here; any other error is a bug. */
export function isReadError(error: unknown): error is Error {
  if (error instanceof UnreadableInput) return true
  if (!(error instanceof Error)) return false
  return 'syscall' in error || ('code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE')
}

export function readFaultOf(error: Error): string {
  return error instanceof UnreadableInput ? error.message : `The input cannot be read: ${error.message}.`
}

/**
 * Reads a gzip file once before anything of it is sent, because deflate goes on after a damaged byte: its checksum fails
 * only at the end, when thousands of wrong lines would have been counted. One that only ends too early is let through.
 *
 * @throws UnreadableInput for damaged data
 */
export async function refuseDamaged(file: string): Promise<void> {
  const bytes = createReadStream(file)
  try {
    const chunks = bytes[Symbol.asyncIterator]()
    const head = await readHead(chunks)
    if (!isGzip(head)) return
    for await (const _ of decompressed(Readable.from(joined(head, chunks)))) {
      // Only the checksum matters.
    }
  } catch (error) {
    if (error instanceof UnreadableInput && error.isDamaged) throw error
  } finally {
    bytes.destroy()
  }
}

async function* joined(head: Buffer, chunks: AsyncIterator<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  for (let chunk: Buffer | null = head; chunk !== null; chunk = await nextOf(chunks)) yield chunk
}

function isGzip(head: Buffer): boolean {
  return head.subarray(0, GZIP_MAGIC.length).equals(GZIP_MAGIC)
}

/** RFC 1952, 2.3.1. No log and no JSON begins with these bytes: 0x1f is a control character. */
const GZIP_MAGIC = Buffer.from([0x1f, 0x8b])

/**
 * The bytes of the input, decompressed when they begin as gzip does. Several gzip members in a row, as `cat a.gz b.gz`
 * makes them, are one stream.
 *
 * @throws UnreadableInput for gzip data that is cut off, damaged, or followed by anything else
 */
export async function* decompressed(input: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  const chunks = input[Symbol.asyncIterator]()
  const head = await readHead(chunks)
  let readBytes = 0
  async function* all(): AsyncGenerator<Buffer, void, undefined> {
    for await (const chunk of joined(head, chunks)) {
      readBytes += chunk.length
      yield chunk
    }
  }
  if (!isGzip(head)) {
    yield* all()
    return
  }
  const gunzip = createGunzip()
  try {
    // An error of the input or of the gzip data comes out of the iteration, so the callback has nothing to do.
    yield* pipeline(Readable.from(all()), gunzip, () => undefined)
  } catch (error) {
    throw isGzipError(error) ? gzipFault(error.code, readBytes) : error
  }
  // At a zero byte behind a member zlib stops in silence, and drops whatever follows.
  if (gunzip.bytesWritten < readBytes) throw followedFault(gunzip.bytesWritten)
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

function gzipFault(code: string, readBytes: number): UnreadableInput {
  const bytes = formatCount(readBytes)
  return code === 'Z_BUF_ERROR'
    ? new UnreadableInput(`The gzip data ends too early, after ${bytes} bytes: the file is incomplete.`)
    : new UnreadableInput(`The gzip data is damaged within its first ${bytes} bytes.`, true)
}

/** gzip -dc takes zeros at the end for the padding of a tape, and exits with 2 when anything is behind them. */
function followedFault(gzipBytes: number): UnreadableInput {
  return new UnreadableInput(
    `The gzip data ends after ${formatCount(gzipBytes)} bytes, and more follows that is not gzip. ` +
      'Unpack it first: `gzip -dc FILE | npm run import`.',
  )
}
