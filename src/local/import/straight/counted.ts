import { checkIncrement, type Terms } from '../../../edge/ingest/check.ts'
import type { CountedValue } from '../../../edge/ingest/delivery/named.ts'
import { parseJsonExactly } from '../../../edge/ingest/exact-numbers.ts'
import type { Hour } from '../../../model/hour.ts'
import { fail, ok, type Result } from '../../../model/result.ts'
import type { LineIncrement } from '../reader.ts'

/**
 * Judges a line without a Worker: its key and value by the Worker's own rules, and its hour whichever that is.
 *
 * @returns or why it cannot be counted, in words for the person who imports.
 */
export function countedOf(increment: LineIncrement): Result<CountedValue, string> {
  if (increment.key !== null) return ok({ slice: `${increment.key}${increment.labels}`, value: 1 })
  if (increment.guard === 'own-id') return fail(HAS_ID)
  if (increment.guard === 'arriving') return fail(HAS_NO_TIME)
  const checked = checkIncrement(parseJsonExactly(increment.json()), undefined, ANY_TIME, true)
  if (!checked.ok) return fail(checked.error.map(({ path, message }) => `${path} ${message}`).join('; '))
  const { key, value, labels } = checked.value
  return ok({ slice: `${key}${labels}`, value })
}

const HAS_ID = 'has an id, which only the Worker remembers: import it over HTTP, with --url'
const HAS_NO_TIME = 'has no `at`, so nothing says in which hour it counts: import it over HTTP, with --url'

const ANY_TIME: Terms = {
  nowMs: Number.MAX_SAFE_INTEGER,
  lateHours: [{ from: Number.NEGATIVE_INFINITY as Hour, value: Number.POSITIVE_INFINITY }],
  mayAdjust: true,
}
