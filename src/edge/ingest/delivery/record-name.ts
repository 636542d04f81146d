import { createHash } from 'node:crypto'
import { idFault } from '../../../model/key.ts'
import { spellId } from '../check.ts'

/** An id as shards know it: itself, or its hash when it is too long or has characters that ids may not have. */
export function nameOfRecord(id: string): string {
  if (idFault(id) === undefined) return spellId(id)
  return createHash('sha256').update(id).digest('base64url')
}
