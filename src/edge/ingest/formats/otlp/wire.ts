import type { PbfReader } from 'pbf'

export const VARINT = 0
export const FIXED_64 = 1
export const BYTES = 2

/** A field's number and how it is written. A field that is written otherwise is another field, and is skipped. */
export const tagOf = (field: number, type: number) => field * 8 + type

/**
 * Goes over the fields from here to `end`. Whatever `onField` does not read is skipped.
 *
 * @throws Error when a field does not end where the message does. pbf reads on into what comes behind.
 */
export function readMessage(pbf: PbfReader, end: number, onField: (tag: number) => void): void {
  for (let field = pbf.nextField(end); field !== 0; field = pbf.nextField(end)) {
    onField(tagOf(field, pbf.type))
  }
  if (pbf.pos !== end) throw new RangeError('a field is longer than its message')
}

/** Reads the length of a message, and so where it ends. */
export function endOf(pbf: PbfReader): number {
  const bytes = pbf.readVarint()
  return pbf.pos + bytes
}
