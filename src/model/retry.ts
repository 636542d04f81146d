/** A time in which something is left alone, in epoch ms. */
export type RetryWait = { readonly fromMs: number; readonly untilMs: number }

export const NO_WAIT: RetryWait = { fromMs: 0, untilMs: 0 }

/** When a wait ends; 0 when it is over. It is over too when the clock was set back to before it began. */
export function waitsUntilMs({ fromMs, untilMs }: RetryWait, nowMs: number): number {
  return nowMs >= fromMs && nowMs < untilMs ? untilMs : 0
}

/**
 * The wait before the next try, in ms. It doubles with each failure up to `maxMs`, and chance spreads it over the upper
 * half, so that many who failed together do not come back together.
 *
 * @param failures how many there have been in a row, from 1.
 * @param chance in [0, 1).
 */
export function backoffMs(
  failures: number,
  bounds: { minMs: number; maxMs: number },
  chance: number,
): number {
  const full = Math.min(bounds.maxMs, bounds.minMs * 2 ** Math.min(failures - 1, 30))
  return Math.round(full / 2 + (full / 2) * chance)
}
