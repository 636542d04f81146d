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
