import type { Post } from '../../client/internal.ts'
import type { Terms } from '../../edge/ingest/check.ts'
import { checkIncrements } from '../../edge/ingest/checked-increments.ts'
import { parseJsonExactly } from '../../edge/ingest/exact-numbers.ts'
import { LATE_HOURS_MAX } from '../../limits.ts'
import type { Hour } from '../../model/hour.ts'
import type { Import } from './importer.ts'
import { printable } from './tally.ts'

/** Increments that are shown, of the first request. */
const SHOWN = 3

/**
 * Stands for the server of an import that sends nothing: it judges each increment as the Worker would, with the
 * Worker's own words. Which hours are open, and what a token may do, only the Worker knows, so this takes every hour
 * and every sign.
 */
export function rehearse(now: () => number, say: (text: string) => void): Import['connection'] {
  let isFirst = true
  const post: Post = {
    canOutlive: () => false,
    async send({ items, name }) {
      if (isFirst) for (const { json } of items.slice(0, SHOWN)) say(printable(json, 1000))
      isFirst = false
      const terms: Terms = { nowMs: now(), lateHours: ANY_HOUR, mayAdjust: true }
      const increments = items.map(({ json }) => parseJsonExactly(json))
      const checked = checkIncrements(increments, name ?? undefined, terms)
      if (checked.ok) {
        return answer(202, { accepted: items.length, duplicates: 0, conflicts: [] })
      }
      return answer(422, checked.error.kind === 'invalid_increments' ? { errors: checked.error.errors } : {})
    },
  }
  return { post, over: new AbortController().signal, reason: null }
}

const ANY_HOUR: Terms['lateHours'] = [{ from: Number.NEGATIVE_INFINITY as Hour, value: LATE_HOURS_MAX }]

function answer(status: number, body: object): Awaited<ReturnType<Post['send']>> {
  return { kind: 'answered', status, isProblem: status >= 400, retryAfter: null, body }
}
