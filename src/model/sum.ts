/** An exact sum: a number while it is a safe integer, because bigints cost several times as much, and else a bigint. */
export type Sum = number | bigint

/** The sum as a number where that is exact. */
export function narrow(sum: bigint): Sum {
  const number = Number(sum)
  return Number.isSafeInteger(number) ? number : sum
}

/**
 * Exact at any size: when two safe integers add up past 2^53, the rounded result is past 2^53 too, so a result that is
 * safe was not rounded. [A2]
 */
export function addSums(a: Sum, b: Sum): Sum {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b
    if (Number.isSafeInteger(sum)) return sum
  }
  return narrow(BigInt(a) + BigInt(b))
}
