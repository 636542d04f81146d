import { type CounterQuery, counterQueryOf, parseCounterParameters } from '../../src/edge/read/query.ts'
import type { Hour } from '../../src/model/hour.ts'
import { goodOf } from './result.ts'

/** A look-up of the first hour where no test needs one. */
export async function noFirstHour(): Promise<Hour | null> {
  throw new Error('no range of everything is asked for')
}

/** A read of keys as a query string asks for it, or why it is refused. */
export async function parseCounterQuery(search: string, nowMs: number, firstHour = noFirstHour) {
  const parsed = parseCounterParameters(search, undefined)
  return parsed.ok ? counterQueryOf(parsed.value, { nowMs, firstHour }) : parsed
}

/** A read of keys that must be good. */
export async function counterQuery(search: string, nowMs: number): Promise<CounterQuery> {
  return goodOf(await parseCounterQuery(search, nowMs))
}
