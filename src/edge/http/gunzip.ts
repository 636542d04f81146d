import { createGunzip, type Gunzip } from 'node:zlib'
import { GUNZIP_BYTES } from '../../limits.ts'
import type { BodyFault } from './problem.ts'

/** A body that cannot be read to its end. */
export class BrokenBody extends Error {
  override name = 'BrokenBody'
  readonly fault: BodyFault

  constructor(fault: BodyFault) {
    super(fault.kind)
    this.fault = fault
  }
}

/**
 * Decompresses gzip, of one member or several, piece by piece: at most two pieces wait at a time, whatever a bomb would
 * become. Whoever stops in the middle ends the decompression; the rest of `pieces` is left to them. Node's zlib takes a
 * third of the time of DecompressionStream in workerd, whose pieces have 4 KiB, and which knows one member alone.
 *
 * @throws BrokenBody when the gzip is cut off, damaged, or followed by anything else, and what `pieces` throws.
 */
export async function* gunzipped(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip({ chunkSize: GUNZIP_BYTES })
  let givenBytes = 0
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const piece of pieces) {
      givenBytes += piece.byteLength
      yield piece
    }
  }
  const feeding = feed(counted(), gunzip)
  try {
    for await (const piece of gunzip) yield piece
    // Behind a member, zlib in Node and in workerd takes a zero byte for padding, and drops all that follows in silence:
    // more members too, which would be counts. RFC 1952 (2.2) knows no padding, and a body needs none.
    if (gunzip.bytesWritten < givenBytes) throw new BrokenBody({ kind: 'gzip_damaged' })
  } catch (error) {
    throw brokenBy(error)
  } finally {
    gunzip.destroy()
    await feeding
  }
}

/** Never rejects: a failure goes to whoever reads what is decompressed. */
async function feed(pieces: AsyncIterable<Uint8Array>, gunzip: Gunzip): Promise<void> {
  const closed = new Promise<void>((resolve) => gunzip.once('close', resolve))
  try {
    for await (const piece of pieces) {
      if (gunzip.destroyed) return
      if (gunzip.write(piece)) continue
      const drained = new Promise<void>((resolve) => gunzip.once('drain', resolve))
      await Promise.race([drained, closed])
    }
    gunzip.end()
  } catch {
    gunzip.destroy(new BrokenBody({ kind: 'cut_off' }))
  }
}

/** Z_BUF_ERROR is zlib's word for an input that ends too early. */
function brokenBy(error: unknown): unknown {
  if (error instanceof BrokenBody || !(error instanceof Error) || !('code' in error)) return error
  return new BrokenBody({ kind: error.code === 'Z_BUF_ERROR' ? 'gzip_cut_off' : 'gzip_damaged' })
}
