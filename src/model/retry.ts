/**
 * The wait before the next try: doubled with each failure up to the cap, and spread over its upper half so that
 * many who failed together do not return together.
 *
 * @param failures how many there have been in a row, from 1.
 * @param chance in [0, 1).
 * @returns milliseconds.
 */
export function backoffMs(
  failures: number,
  bounds: { minMs: number; maxMs: number },
  chance: number,
): number {
  const full = Math.min(bounds.maxMs, bounds.minMs * 2 ** Math.min(failures - 1, 30))
  return Math.round(full / 2 + (full / 2) * chance)
}
