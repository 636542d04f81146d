import type { CoarseRange } from '../../../client/answers.ts'
import { DAY_MS } from '../../../model/hour.ts'
import { UTC } from '../../../model/time/zone.ts'
import { bucketWords } from '../../data/time.ts'

/** Ranges that are named. More say no more. */
const NAMED_MAX = 3

/** Says which UTC days count whole where they begin, because their hours are no longer there. */
export function Coarse({ ranges }: { readonly ranges: readonly CoarseRange[] }) {
  const words = [...new Set(ranges.map(wordsOf))]
  if (words.length === 0) return null
  const more = words.length > NAMED_MAX ? ` and ${words.length - NAMED_MAX} more times` : ''
  return (
    <p class="hint" role="note">
      The hours of {words.slice(0, NAMED_MAX).join(', ')}
      {more} were deleted and their days kept. Each of these UTC days counts whole where it begins, and not at
      all if it begins before the period.
    </p>
  )
}

/** `Sat 21 Nov 2026`, or from the first day to the last. */
function wordsOf({ from, to }: CoarseRange): string {
  const [first, last] = [Date.parse(from), Date.parse(to) - DAY_MS].map((ms) => bucketWords(ms, 'day', UTC))
  return first === last || last === undefined ? `${first}` : `${first} to ${last}`
}
