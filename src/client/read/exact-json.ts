/**
 * A sum in JSON text. `"sum":` can only be the name of a field, because inside of a text its quotes would be escaped. The
 * source text that newer engines hand to a reviver would do without this pattern, but Node 20 and browsers before 2025 do not
 * have it.
 */
const SUM = /(?<!\\)"sum"\s*:\s*(-?\d+)/g

/**
 * JSON.parse, but sums become bigints, exact at any size [A2]. What has a sum can be written as JSON all the same, see
 * `writable`.
 *
 * @throws SyntaxError for malformed JSON.
 */
export function parseExactly(text: string): unknown {
  return JSON.parse(text.replace(SUM, '"sum":"$1"'), (name, value) => {
    // A label may be named so too.
    if (name === 'sum' && typeof value === 'string' && /^-?\d+$/.test(value)) return BigInt(value)
    return typeof value === 'object' && value !== null && typeof value.sum === 'bigint'
      ? writable(value)
      : value
  })
}

/**
 * Gives an object with a bigint `sum` a toJSON, because JSON.stringify throws for a bigint. It is not enumerable, so that
 * a copy (a spread, a structured clone) and a comparison see the fields alone.
 */
function writable<T extends { readonly sum: bigint }>(sums: T): T {
  return Object.defineProperty(sums, 'toJSON', { value: () => ({ ...sums, sum: integerOf(sums.sum) }) })
}

type RawJson = { readonly rawJSON?: (text: string) => unknown }

/**
 * An integer that JSON.stringify writes exactly: as an integer up to 2^53, past it too where JSON.rawJSON exists (Node 22,
 * Chrome 114, Safari 18.4, Firefox 135, Workers), and elsewhere as a text.
 */
function integerOf(sum: bigint): unknown {
  if (Number.isSafeInteger(Number(sum))) return Number(sum)
  const { rawJSON } = JSON as RawJson
  return rawJSON === undefined ? String(sum) : rawJSON(String(sum))
}
