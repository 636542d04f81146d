export const HOUR_MS = 3_600_000

declare const hourBrand: unique symbol

/** A UTC hour, as whole hours since 1970. Made by `hourOf` and `parseHour` only. */
export type Hour = number & { readonly [hourBrand]: true }

/** The hour that a time in epoch milliseconds falls in. */
export function hourOf(ms: number): Hour {
  return Math.floor(ms / HOUR_MS) as Hour
}

export function addHours(hour: Hour, hours: number): Hour {
  return (hour + hours) as Hour
}

/** Epoch milliseconds at which the hour begins. */
export function hourStartMs(hour: Hour): number {
  return hour * HOUR_MS
}

/** Epoch milliseconds at which the next hour begins. */
export function hourEndMs(hour: Hour): number {
  return (hour + 1) * HOUR_MS
}

/** `2026-11-21T20Z`, the form in shard names, schedules and logs. */
export function formatHour(hour: Hour): string {
  return `${new Date(hourStartMs(hour)).toISOString().slice(0, 13)}Z`
}

/** `2026-11-21T20:00:00Z`, the form in answers. */
export function formatHourStart(hour: Hour): string {
  return `${new Date(hourStartMs(hour)).toISOString().slice(0, 19)}Z`
}

/** The inverse of `formatHour`; undefined for anything else. */
export function parseHour(text: string): Hour | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\dZ$/.test(text)) return undefined
  const ms = Date.parse(`${text.slice(0, 13)}:00:00Z`)
  if (Number.isNaN(ms)) return undefined
  const hour = hourOf(ms)
  // Date.parse takes a 30 February for 2 March.
  return formatHour(hour) === text ? hour : undefined
}

/** The first hour that begins at a time in epoch ms, or after it: an hour belongs to a range when it begins in it. */
export function firstHourFrom(ms: number): Hour {
  return Math.ceil(ms / HOUR_MS) as Hour
}

/** Hours in [from, to). */
export type HourRange = { readonly from: Hour; readonly to: Hour }
