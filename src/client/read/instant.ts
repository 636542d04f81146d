/** RFC 3339, a Date, or epoch milliseconds. */
export type Instant = string | Date | number

/** @throws TypeError for a Date that is none, where toISOString would not say which. */
export function isoOf(name: string, date: Date): string {
  if (Number.isNaN(date.getTime())) throw new TypeError(`${name} must be a valid Date`)
  return date.toISOString()
}
