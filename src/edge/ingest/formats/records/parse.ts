import type { Result } from '../../../../model/result.ts'
import { fail, ok } from '../../../../model/result.ts'

/** Shared by all bodies: it keeps nothing from one to the next. */
const DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The text of some bytes; undefined for what is not UTF-8. */
export function decode(bytes: Uint8Array): string | undefined {
  try {
    return DECODER.decode(bytes)
  } catch {
    // The decoder says no more than that.
    return undefined
  }
}

/** Matches every text that has a number of 17 characters or more, and some others. Such a number may lose digits. */
const MAY_LOSE_DIGITS = /[:,[\s-]\d[\d.]{15}/

/** Whether a text has a number that may lose digits. Asked of many lines at once, it takes less than of each. */
export function mayLoseDigits(text: string): boolean {
  return MAY_LOSE_DIGITS.test(text)
}

/**
 * Parses a record. A number that would lose digits becomes its text, so that a time in nanoseconds stays in its hour, and
 * no fraction is lost in silence: meters take texts for numbers. [A2]
 *
 * @param isLong whether it, or a text around it, may lose digits.
 */
export function parseRecord(text: string, isLong = mayLoseDigits(text)): Result<unknown, string> {
  try {
    return ok(isLong ? JSON.parse(text, keepDigits) : JSON.parse(text))
  } catch {
    // V8's message would quote the record.
    return fail('must be valid JSON')
  }
}

function keepDigits(_: string, value: unknown, context?: { source?: string }): unknown {
  const source = typeof value === 'number' ? context?.source : undefined
  return source !== undefined && source.length > 15 && source !== String(value) ? source : value
}
