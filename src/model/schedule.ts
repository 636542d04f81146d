import { z } from 'zod'
import { LATE_HOURS_MAX, SHARDS_MAX } from '../limits.ts'
import type { Hour } from './hour.ts'
import { formatHour, parseHour } from './hour.ts'
import type { Result } from './result.ts'
import { fail, ok } from './result.ts'

/**
 * A whole number that may change from some hour on. Its steps ascend, and the first holds from the beginning of time.
 */
export type Schedule = readonly { readonly from: Hour; readonly value: number }[]

const BEGINNING = Number.NEGATIVE_INFINITY as Hour

/** The number in force for an hour. [K2] */
export function valueAt(schedule: Schedule, hour: Hour): number {
  // Not findLast, because this is asked for each increment, and a schedule nearly always has one step.
  for (let i = schedule.length - 1; i >= 0; i--) {
    const step = schedule[i]
    if (step !== undefined && step.from <= hour) return step.value
  }
  throw new Error('a schedule has a first step that holds from the beginning')
}

/**
 * Parses `1` or `1, 16@2026-12-01T00Z, 32@2027-01-01T00Z`.
 *
 * @param bounds of each value, inclusive.
 * @returns the schedule, or the fault in words for an operator, which repeat none of the text.
 */
export function parseSchedule(text: string, bounds: { min: number; max: number }): Result<Schedule, string> {
  const steps: { from: Hour; value: number }[] = []
  for (const [i, part] of text.split(',').entries()) {
    const [number = '', hourText, ...rest] = part.trim().split('@')
    const from = i === 0 && hourText === undefined ? BEGINNING : parseHour(hourText ?? '')
    if (from === undefined || rest.length > 0) {
      return fail(`step ${i + 1} is not of the form 16@2026-12-01T00Z (only the first has no hour)`)
    }
    const value = /^\d{1,15}$/.test(number) ? Number(number) : Number.NaN
    if (!(value >= bounds.min && value <= bounds.max)) {
      return fail(`step ${i + 1} is not a whole number from ${bounds.min} to ${bounds.max}`)
    }
    const last = steps.at(-1)
    if (last !== undefined && last.from >= from) return fail('the hours do not ascend')
    steps.push({ from, value })
  }
  if (steps[0]?.from !== BEGINNING) return fail('the first number has no hour: it holds until the next')
  return ok(steps)
}

/** The inverse of `parseSchedule`. */
export function formatSchedule(schedule: Schedule): string {
  const text = ({ from, value }: Schedule[number]) =>
    from === BEGINNING ? String(value) : `${value}@${formatHour(from)}`
  return schedule.map(text).join(', ')
}

function scheduleSchema(min: number, max: number) {
  return z.string().transform((text, ctx): Schedule => {
    const parsed = parseSchedule(text, { min, max })
    if (parsed.ok) return parsed.value
    ctx.addIssue({ code: 'custom', message: parsed.error })
    return z.NEVER
  })
}

/** `SHARDS` and `LATE_HOURS`, as texts. */
export const shardsSchema = scheduleSchema(1, SHARDS_MAX)
export const lateHoursSchema = scheduleSchema(0, LATE_HOURS_MAX)
