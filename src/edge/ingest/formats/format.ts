import type { Clock } from '../../../clock.ts'
import type { Grant } from '../../../model/access/grant.ts'
import type { Meter } from '../../../model/meter/meter.ts'
import type { Result } from '../../../model/result.ts'
import type { Problem } from '../../http/problem.ts'
import type { Answer } from '../../http/router.ts'
import type { ContentName } from '../delivery/content-name.ts'
import type { Delivered } from '../delivery/delivery.ts'
import type { Gathering } from '../delivery/gathering.ts'
import type { LargeBodies } from '../delivery/large-bodies.ts'
import type { RecordFault } from '../delivery/refusal.ts'
import type { KnownSlices } from './otlp/known-slices.ts'

/**
 * A foreign format is one file in this folder. It decodes a body, names the delivery, and answers in the format's own words;
 * all the rest is done for it, alike for all formats. routes.ts makes a route of it with `foreign`.
 *
 * ```ts
 * export const otlp: Format = async (request, { grant, deliver }) => {
 *   const delivered = await deliver('otlp', async (gathering) => {
 *     const body = await readBody(request)                          // or piece by piece: bodyPieces, largeBodies
 *     if (!body.ok) return body
 *     const hash = new ContentHash(grant.name, '/v1/metrics', 'otlp default')
 *     hash.update(new Uint8Array(body.value))
 *     for (...) {
 *       const index = gathering.next()                              // a record, or a point
 *       if (bad) gathering.refuse(index, 'cumulative', 'temporality', 'must be delta')
 *       else gathering.count({ key, value, atMs, id })              // checked here, and refused if it is bad
 *       if (gathering.excess !== undefined) break                   // will be answered 413
 *     }
 *     return ok(hash.end())                                         // ok(null): without a name
 *   })
 *   return delivered.ok ? answerOf(delivered.value) : delivered     // or the format's own words for the problem
 * }
 * ```
 *
 * - **Decode.** Skip unknown fields. A body that cannot be read at all is a problem; a bad record is refused and holds back no
 *   other. [N2]
 * - **Name.** [N1] ContentHash makes the same name of the same bytes. Records that have an id give it to `count`: they count once by
 *   it, in deliveries of up to REQUEST_ITEMS_MAX records. `ok(null)` leaves the rest without a name, as for a single record
 *   that says nothing about itself.
 * - **Answer.** From Delivered: `accepted`, `duplicates`, `refused` with the first `faults`, and `byRecord` for those with ids. When
 *   `failure` is not null, good increments were not counted: answer 503 (see `notCounted`), with Retry-After only if `canRepeat`.
 *
 * A value of 0 counts nothing and is no fault. Negative values need the scope `adjust`. Keys outside of the token's prefix, closed
 * hours, fractions and bad keys are refused by the gathering, record by record.
 */
export type Format = (request: Request, services: FormatServices) => Promise<Answer>

export type FormatServices = {
  readonly grant: Grant
  /** When the request arrived, in epoch ms. */
  readonly nowMs: number
  readonly clock: Pick<Clock, 'sleep'>
  /** Those of METERS. */
  readonly meters: readonly Meter[]
  readonly knownSlices: KnownSlices
  readonly largeBodies: LargeBodies
  /**
   * Counts a delivery.
   *
   * @param format the name that the log tells.
   * @param read decodes the body into the gathering; answers with the delivery's name, null for none.
   */
  readonly deliver: (
    format: string,
    read: (gathering: Gathering) => Promise<Result<ContentName | null, Problem>>,
  ) => Promise<Result<Delivered, Problem>>
}

/** The records of a delivery whose names came before with another content. */
export function conflictsOf({ byRecord }: Delivered): RecordFault[] {
  return [...byRecord].flatMap(([index, fate]) =>
    fate === 'conflict' ? [{ index, path: 'id', message: CONFLICT }] : [],
  )
}

const CONFLICT = 'came before with another value or other labels'

/** The problem of a delivery whose good increments could not all be counted; undefined when they could. */
export function notCounted({ failure }: Delivered): Problem | undefined {
  if (failure === null) return undefined
  const { refused, unknown, canRepeat, reasons } = failure
  return {
    kind: 'delivery_not_counted',
    refusedCount: refused,
    unknownCount: unknown,
    canRepeat,
    reasons,
  }
}
