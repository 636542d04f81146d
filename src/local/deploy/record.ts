import { z } from 'zod'
import { type EditFault, editFaults, type Schedules } from '../../model/deployed/schedule-edit.ts'
import type { Hour } from '../../model/hour.ts'
import { formatSchedule, lateHoursSchema, shardsSchema } from '../../model/schedule.ts'

/** The schedules that one deploy makes live, under a random name. */
export type Deploy = {
  readonly id: string
  readonly schedules: Schedules
  /** When it was recorded, in epoch ms of Postgres's clock. */
  readonly beganMs: number
}

/** A deploy that was begun, and may be live or not. */
export type Unconfirmed = Deploy & { readonly hasEnded: boolean }

/**
 * A Worker's deploys as Postgres remembers them, so that the next one can be checked.
 *
 * A deploy is recorded before it goes live and confirmed after, and until it is confirmed, it may be live or not. One step would
 * not do: a record made only afterwards can be lost in between, and a record made only before may never go live.
 *
 * Agreeing with every deploy that may be live is not enough either. When the hour has begun in which an interrupted change takes
 * effect, no schedule agrees with both, not even the same one again. Then a person says which one is live.
 */
export type DeployRecord = {
  readonly live: Deploy | null
  /** In the order in which they were begun, all after `live`. */
  readonly unconfirmed: readonly Unconfirmed[]
}

export const NOTHING_DEPLOYED: DeployRecord = { live: null, unconfirmed: [] }

/** A deploy has surely ended this long after it began, because its wrangler is ended before that. */
export const UNDER_WAY_MS_MAX = 21 * 60_000

/** A deploy that may be live. The last confirmed one, or none at all, has the id `before`. */
export type Candidate = { readonly id: string; readonly deploy: Deploy | null; readonly faults: EditFault[] }

export type DeployPlan =
  /** The deploy may go on, after `record` is written. */
  | { readonly kind: 'begin'; readonly record: DeployRecord }
  /** Whatever is live, the edit changes an hour that it must not change. */
  | { readonly kind: 'refused'; readonly faults: readonly EditFault[] }
  /** Whether the edit is good depends on what is live, and only a person can look. */
  | { readonly kind: 'ambiguous'; readonly candidates: readonly Candidate[] }
  | { readonly kind: 'under_way'; readonly other: Unconfirmed; readonly untilMs: number }
  /** A person has said which deploy is live, and it is none of the candidates, or there is only one. */
  | { readonly kind: 'unknown_live'; readonly candidates: readonly Candidate[] }

export type Told = {
  /** The id of a candidate, if a person has said which one is live. */
  readonly live?: string | undefined
  /** Hours with a writer that is not sealed, according to the ledger. */
  readonly unsealed?: readonly Hour[]
}

export function planDeploy(
  record: DeployRecord,
  next: Deploy,
  { live, unsealed = [] }: Told = {},
): DeployPlan {
  const nowMs = next.beganMs
  const other = record.unconfirmed.find(
    ({ hasEnded, beganMs }) => !hasEnded && nowMs < beganMs + UNDER_WAY_MS_MAX,
  )
  if (other !== undefined) return { kind: 'under_way', other, untilMs: other.beganMs + UNDER_WAY_MS_MAX }
  const candidates = candidatesOf(record, next, unsealed)
  const named = candidates.find(({ id }) => id === live)
  if (live !== undefined && (named === undefined || candidates.length === 1))
    return { kind: 'unknown_live', candidates }
  const possible = named === undefined ? candidates : [named]
  const faulty = possible.find(({ faults }) => faults.length > 0)
  if (faulty === undefined) return { kind: 'begin', record: begun(record, next, named) }
  if (possible.some(({ faults }) => faults.length === 0)) return { kind: 'ambiguous', candidates }
  return { kind: 'refused', faults: faulty.faults }
}

const BEFORE = 'before'

function candidatesOf(
  { live, unconfirmed }: DeployRecord,
  next: Deploy,
  unsealed: readonly Hour[],
): Candidate[] {
  const candidate = (id: string, deploy: Deploy | null): Candidate => ({
    id,
    deploy,
    // While nothing is live, there are no shards.
    faults: deploy === null ? [] : editFaults(deploy.schedules, next.schedules, next.beganMs, { unsealed }),
  })
  return [candidate(BEFORE, live), ...unconfirmed.map((deploy) => candidate(deploy.id, deploy))]
}

function begun(record: DeployRecord, next: Deploy, named: Candidate | undefined): DeployRecord {
  const settled = named === undefined ? record : { live: named.deploy, unconfirmed: [] }
  return { ...settled, unconfirmed: [...settled.unconfirmed, { ...next, hasEnded: false }] }
}

/** The record after wrangler has ended, when the deploy may be live or not. */
export function ended(record: DeployRecord, id: string): DeployRecord {
  const unconfirmed = record.unconfirmed.map((deploy) =>
    deploy.id === id ? { ...deploy, hasEnded: true } : deploy,
  )
  return { ...record, unconfirmed }
}

/** The record after wrangler has said that this deploy is live: it has replaced all that began before it. */
export function confirmed(record: DeployRecord, id: string): DeployRecord {
  const at = record.unconfirmed.findIndex((deploy) => deploy.id === id)
  const found = record.unconfirmed[at]
  // It was confirmed so late that another deploy has replaced it.
  if (found === undefined) return record
  const { hasEnded: _, ...live } = found
  return { live, unconfirmed: record.unconfirmed.slice(at + 1) }
}

const deploySchema = z.object({
  id: z.string(),
  SHARDS: shardsSchema,
  LATE_HOURS: lateHoursSchema,
  began: z.iso.datetime().transform((text) => Date.parse(text)),
})

type StoredDeploy = z.infer<typeof deploySchema>

const deployOf = ({ id, began, ...schedules }: StoredDeploy): Deploy => ({ id, schedules, beganMs: began })

/** The column `value` of a row in `sumdial.settings`: see docs/storage.md. */
export const recordSchema = z
  .object({
    v: z.literal(1),
    live: deploySchema.nullable(),
    unconfirmed: z.array(deploySchema.extend({ ended: z.boolean() })),
  })
  .transform(
    ({ live, unconfirmed }): DeployRecord => ({
      live: live === null ? null : deployOf(live),
      unconfirmed: unconfirmed.map(({ ended, ...deploy }) => ({ ...deployOf(deploy), hasEnded: ended })),
    }),
  )

/** The inverse of `recordSchema`. */
export function encodeRecord({ live, unconfirmed }: DeployRecord): z.input<typeof recordSchema> {
  return {
    v: 1,
    live: live === null ? null : encodeDeploy(live),
    unconfirmed: unconfirmed.map((deploy) => ({ ...encodeDeploy(deploy), ended: deploy.hasEnded })),
  }
}

function encodeDeploy({ id, schedules, beganMs }: Deploy): z.input<typeof deploySchema> {
  return {
    id,
    SHARDS: formatSchedule(schedules.SHARDS),
    LATE_HOURS: formatSchedule(schedules.LATE_HOURS),
    began: new Date(beganMs).toISOString(),
  }
}
