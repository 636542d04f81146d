export const HOUR_MS = 3_600_000

export const DAY_MS = 24 * HOUR_MS

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
  return `${formatSecond(hourStartMs(hour)).slice(0, 13)}Z`
}

/** `2026-11-21T20:00:00Z`, the form in answers. */
export function formatHourStart(hour: Hour): string {
  return `${formatSecond(hourStartMs(hour))}Z`
}

/** `2026-11-21T20:15:00` for a time in epoch ms, without what is below a second. */
export function formatSecond(ms: number): string {
  const day = Math.floor(ms / DAY_MS)
  // Neighbouring hours share a day, and to have the engine write a day takes four times as long as all the rest.
  if (day !== written.day) written = { day, text: new Date(day * DAY_MS).toISOString().slice(0, 10) }
  const second = Math.floor((ms - day * DAY_MS) / 1000)
  const [hours, minutes] = [Math.floor(second / 3600), Math.floor(second / 60) % 60]
  return `${written.text}T${twoDigits(hours)}:${twoDigits(minutes)}:${twoDigits(second % 60)}`
}

/** The day that was written last, as epoch days and as text. */
let written = { day: 0, text: '1970-01-01' }

export function twoDigits(n: number): string {
  return n < 10 ? `0${n}` : String(n)
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

/** The first hour that begins at a time in epoch ms, or after it. An hour belongs to a range in which it begins. */
export function firstHourFrom(ms: number): Hour {
  return Math.ceil(ms / HOUR_MS) as Hour
}

/** Hours in [from, to). */
export type HourRange = { readonly from: Hour; readonly to: Hour }
