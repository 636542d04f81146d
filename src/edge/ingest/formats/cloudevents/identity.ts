import { createHash } from 'node:crypto'
import { idFault } from '../../../../model/key.ts'

/**
 * The name of an event: its source and its id together, which identify it everywhere. Texts that are long, or that
 * could be read as another pair, are hashed to 43 characters. A hash has no space, so it is no such text either.
 */
export function identityOf(source: string, id: string): string {
  const plain = `${source} ${id}`
  if (!source.includes(' ') && idFault(plain) === undefined) return plain
  return createHash('sha256')
    .update(JSON.stringify([source, id]))
    .digest('base64url')
}
