import type { Unit } from '../../model/calendar.ts'
import type { Zone } from '../../model/zone.ts'
import type { List } from './answers.ts'
import { ask, countersPath } from './api.ts'
import { inOrder, readKeys, readSeries } from './live.ts'
import { type Period, type Span, spanOf } from './period.ts'
import { type Series, seriesOf } from './series.ts'
import type { Measure, Shown } from './view.ts'

/** The range of a period, as the API is asked for it. */
export function rangeOf(period: Period, zone: Zone): { readonly from: string; readonly to: string } {
  const { fromMs, toMs }: Span = spanOf(period, zone, Date.now())
  return { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() }
}

type Asked = {
  readonly shown: readonly Shown[]
  readonly period: Period
  readonly unit: Unit
  readonly zone: Zone
}

/** All of them as fresh as can be, in their order. */
export async function readShown(
  { shown, period, unit, zone }: Asked,
  signal: AbortSignal,
): Promise<Series[]> {
  const parameters = { ...rangeOf(period, zone), bucket: unit, tz: zone.name }
  const names = (kind: Shown['kind']) => shown.filter((each) => each.kind === kind).map(({ name }) => name)
  const [ofKeys, ofPrefixes] = await Promise.all([
    readKeys(names('key'), parameters, signal),
    Promise.all(names('prefix').map((prefix) => readSeries(prefix, parameters, signal))),
  ])
  return inOrder(shown, ofKeys, ofPrefixes).flatMap((answer, i) => {
    const own = shown[i]
    return own === undefined ? [] : [seriesOf(answer, own)]
  })
}

type AskedList = {
  readonly prefix: string
  readonly period: Period
  readonly zone: Zone
  readonly by: Measure
  readonly limit: number
  readonly depth?: number
}

/** The largest keys or groups under a prefix, as Postgres has them. */
export function readLargest(asked: AskedList, signal: AbortSignal): Promise<List> {
  const { prefix, period, zone, by, limit, depth } = asked
  const parameters = {
    prefix,
    ...rangeOf(period, zone),
    sort: by === 'sum' ? '-sum' : '-count',
    limit: String(limit),
    depth: depth === undefined ? null : String(depth),
  }
  return ask<List>(countersPath(parameters), { signal })
}
