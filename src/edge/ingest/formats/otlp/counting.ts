import { keyFault } from '../../../../model/key.ts'
import type { Meter } from '../../../../model/meter/meter.ts'
import type { Gathering } from '../../delivery/gathering.ts'
import type { RefusalReason } from '../../delivery/refusal.ts'
import { type Facts, Metering } from '../records/metering.ts'
import type { KnownSlices } from './known-slices.ts'
import type { Metric, MetricKind, Point, Visitor } from './metric.ts'

/** The points of a request that were not counted, by the reason. The answer is worded from them. */
export type Refusals = {
  readonly cumulative: Refusal
  /** Gauges, histograms and summaries. */
  readonly kind: Refusal
  /** Sums that do not say whether they are deltas. */
  readonly unspecified: Refusal
  /** Deltas that no counter takes as they are: a fraction, a time that is over, a key that is outside of a prefix. */
  readonly delta: Refusal
}

export type Refusal = {
  points: number
  /** The first metrics that they are of. */
  readonly metrics: Set<string>
}

export function noRefusals(): Refusals {
  const none = (): Refusal => ({ points: 0, metrics: new Set() })
  return { cumulative: none(), kind: none(), unspecified: none(), delta: none() }
}

/** Metrics that an answer names of each kind of refusal. */
const METRICS_TOLD_MAX = 3

function note(refusal: Refusal, metric: Metric, points: number): void {
  refusal.points += points
  if (refusal.metrics.size < METRICS_TOLD_MAX) refusal.metrics.add(metric.name)
}

/**
 * Has the points of delta sums counted, each as a record of the delivery, and notes all others.
 *
 * @param meters those that are asked first; a point that none is for counts under its service and metric.
 */
export function countInto(
  gathering: Gathering,
  refusals: Refusals,
  known: KnownSlices,
  meters: readonly Meter[] = [],
): Visitor {
  const metering = meters.length === 0 ? undefined : new Metering(gathering, meters)
  let last: { readonly metric: Metric; readonly key: string; readonly fault: string | undefined } | undefined
  const keyOf = (metric: Metric) => {
    if (last?.metric !== metric) {
      const key = keyOfMetric(metric)
      last = { metric, key, fault: keyFault(key) }
    }
    return last
  }
  return {
    onPoint(metric, point) {
      const { atMs, value } = point
      const index = gathering.next()
      const { refused } = gathering
      if (value === undefined) gathering.refuse(index, 'field', 'value', 'must be given')
      else if (value === 0) gathering.count({ key: '', value })
      else if (atMs === undefined) gathering.refuse(index, 'field', 'timeUnixNano', 'must be given')
      else if (!metering?.countRecord(index, recordOf(metric, point), factsOf(atMs, value))) {
        const { key, fault } = keyOf(metric)
        // Before it has a slice, because a name may have the mark before a label in it.
        if (fault !== undefined) gathering.refuse(index, 'key', 'key', fault)
        else gathering.count({ key, slice: known.sliceOf(key, point), value: Number(value), atMs })
      }
      if (gathering.refused > refused) note(refusals.delta, metric, 1)
    },
    onOther(metric, kind, points) {
      note(refusals[REFUSED[kind]], metric, points)
    },
  }
}

/** SDKs add up in doubles, which hardly any decimal fraction survives: ten payments in euros are no whole cents in 4 of 10 intervals. */
function factsOf(at: number, value: number | bigint): Facts {
  return { at, value: Number(value), isAddedUp: true }
}

/** A point as meters read it. */
function recordOf({ resource, scope, name, unit }: Metric, { value, attributes }: Point): object {
  return {
    metric: name,
    unit,
    scope,
    resource,
    value: typeof value === 'bigint' ? String(value) : value,
    /** Read only where a meter asks for them. */
    get attributes() {
      return attributes()
    },
  }
}

const REFUSED: Readonly<Record<Exclude<MetricKind, 'delta'>, Exclude<keyof Refusals, 'delta'>>> = {
  cumulative: 'cumulative',
  unspecified: 'unspecified',
  gauge: 'kind',
  histogram: 'kind',
  summary: 'kind',
}

const REASONS: readonly (readonly [Exclude<keyof Refusals, 'delta'>, RefusalReason])[] = [
  ['cumulative', 'cumulative'],
  ['unspecified', 'kind'],
  ['kind', 'kind'],
]

/**
 * Refuses the points that are no increments. It comes last, so that the first faults that the gathering keeps are those of
 * deltas, each of which has a reason of its own.
 */
export function refuseOthers(gathering: Gathering, refusals: Refusals): void {
  for (const [of, reason] of REASONS) {
    for (let i = 0; i < refusals[of].points; i++) {
      gathering.refuse(gathering.next(), reason, 'metric', 'must be a delta sum')
    }
  }
}

/** The key of a metric for which METERS has nothing else. SDKs write `unknown_service` when they are not told a name. */
export function keyOfMetric({ resource, name }: Metric): string {
  const service = resource['service.name']
  return `otel/${typeof service === 'string' && service !== '' ? service : 'unknown_service'}/${name}`
}
