const CONTROL = /\p{Cc}/u

/** @throws TypeError for a text that the server would refuse. */
export function checkText(name: string, text: string, bytesMax: number): void {
  if (typeof text !== 'string') throw new TypeError(`${name} must be a text`)
  if (text === '') throw new TypeError(`${name} must not be empty`)
  // Browsers of 2022 lack isWellFormed(). With the flag u, half a surrogate pair is a character of the class Cs.
  if (/\p{Cs}/u.test(text)) throw new TypeError(`${name} must be well-formed Unicode`)
  if (CONTROL.test(text)) throw new TypeError(`${name} must not have control characters`)
  if (utf8Bytes(text) > bytesMax) throw new TypeError(`${name} must have at most ${bytesMax} bytes in UTF-8`)
}

const ENCODER = new TextEncoder()

export function utf8Bytes(text: string): number {
  return ENCODER.encode(text).length
}
