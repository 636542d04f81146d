import { createHash } from 'node:crypto'
import { formatHour, type Hour } from '../../model/hour.ts'
import type { Line } from './lines.ts'

/**
 * Digits of a batch's name: 160 bits, far beyond chance, and with its prefix below the 64 bytes of an Idempotency-Key.
 */
const NAME_DIGITS = 40

/** Everything that gives a batch its name. */
export type Naming = {
  /** How a line becomes an increment: the template of its key, or `ndjson`. */
  readonly rule: string
  /** Empty, or random so that an import counts once more (`--again`). */
  readonly salt: string
}

/**
 * The Idempotency-Key of a batch. The first part is a version: another way of cutting, or of reading lines, takes
 * another one, since the names of both would otherwise stand for different lines.
 *
 * @param place of its first line, by `InputPlace`
 */
export function nameOf({ rule, salt }: Naming, hour: Hour | null, place: string): string {
  const parts = ['2', rule, salt, hour === null ? '' : formatHour(hour), place]
  return hashed(JSON.stringify(parts))
}

/**
 * The name of what a batch has got since an earlier import of the same input ended within it.
 *
 * @param since the number of the first line that the earlier import did not have
 */
export function nameSince(name: string, since: number): string {
  return hashed(`${name} since ${since}`)
}

function hashed(text: string): string {
  return `import-${createHash('sha256').update(text).digest('hex').slice(0, NAME_DIGITS)}`
}

/**
 * Where a line stands in its input: SHA-256 over everything before the line, and the line itself as far as it stays as
 * it is.
 *
 * This is as much as a name may depend on. An input that has grown repeats everything up to a batch's first line, while
 * the batch may have got more lines since: with those in its name it would be another batch, and the lines of before
 * would count twice. With less in the name, such as a line's number alone, two inputs that differ would share names,
 * and what the second one counts would be refused as other content.
 *
 * Line ends are not part of it, and a last line may have been read while it was being written. So a last line stays the
 * same line when the input grows.
 */
export class InputPlace {
  readonly #before = createHash('sha256')

  /** @param stable the part of the next line that stays as it is. */
  of(stable: Buffer): string {
    return this.#before.copy().update(stable).digest('hex')
  }

  /** Goes on behind the line. */
  pass(line: Line): void {
    // A line that is too long is refused and not held, so its length stands for it.
    this.#before.update(line.content ?? `${line.bytes} bytes`).update('\n')
  }
}
