/** Past so many units the platform's own encoder is quicker, though it makes bytes that nobody wants. */
const SHORT = 512

/** Bytes of a well-formed string in UTF-8. */
export function utf8Bytes(text: string): number {
  if (text.length > SHORT) return ENCODER.encode(text).length
  let bytes = text.length
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    // Both halves of a surrogate pair add one: two units, four bytes.
    if (unit >= 0x80) bytes += unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 1 : 2
  }
  return bytes
}

const ENCODER = new TextEncoder()

/** Compares texts by their bytes in UTF-8, which is also what `collate "C"` does. By UTF-16, U+FF61 would be above U+10000. */
export function compareBytes(a: string, b: string): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const [one, other] = [a.charCodeAt(i), b.charCodeAt(i)]
    if (one !== other) return aboveSurrogates(one) - aboveSurrogates(other)
  }
  return a.length - b.length
}

/** A unit as a number that is largest for halves of surrogate pairs, which stand for the largest code points. */
function aboveSurrogates(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}
