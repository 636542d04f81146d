import type uPlot from 'uplot'
import { DAY_MS } from '../../model/hour.ts'
import { dayStartMs, type Unit } from '../../model/time/calendar.ts'
import { localMs, type Zone } from '../../model/time/zone.ts'

/** Steps from one mark to the next, in months. Each divides the years evenly, so that every year has the same marks. */
const MONTH_STEPS = [1, 2, 3, 6, 12, 24, 60, 120]

const MONTH_MS = 30.4 * DAY_MS

/**
 * Marks for an axis of days, weeks or months: at some of the buckets while that is less than a month apart, else where
 * months begin. Marks at every so many weeks would skip a month now and then. No bucket of a day gets a time.
 */
export function atBuckets(unit: Unit, zone: Zone) {
  return (plot: uPlot, _axis: number, min: number, max: number, _incr: number, space: number): number[] => {
    const xs = Array.from(plot.data[0])
    const every = Math.max(1, Math.ceil((space * xs.length) / plot.width))
    const buckets = xs.filter((_, i) => i % every === 0)
    const apartMs = ((buckets[1] ?? 0) - (buckets[0] ?? 0)) * 1000
    if (unit !== 'month' && apartMs < 28 * DAY_MS) return buckets
    const spaceMs = (space / plot.width) * (max - min) * 1000
    const months = monthsBetween((xs[0] ?? min) * 1000, (xs.at(-1) ?? max) * 1000, spaceMs, zone)
    return months.length > 1 ? months.map((ms) => ms / 1000) : buckets
  }
}

/** When months begin by the zone's clocks, in epoch ms: every one, or so many of them that marks have their space. */
export function monthsBetween(fromMs: number, toMs: number, spaceMs: number, zone: Zone): number[] {
  const step = MONTH_STEPS.find((months) => months * MONTH_MS >= spaceMs) ?? 120
  const first = new Date(localMs(zone, fromMs))
  const months: number[] = []
  for (let month = first.getUTCMonth(); ; month++) {
    const start = dayStartMs(Date.UTC(first.getUTCFullYear(), month, 1) / DAY_MS, zone)
    if (start > toMs) return months
    const index = first.getUTCFullYear() * 12 + month
    if (start >= fromMs && index % step === 0) months.push(start)
  }
}
