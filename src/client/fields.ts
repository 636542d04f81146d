/**
 * @param where the function, as its caller writes it
 * @param example an object that it takes
 * @throws TypeError for anything but a plain object, and for a field that has no such name.
 */
export function checkFields(
  where: string,
  given: unknown,
  names: readonly string[],
  example: string,
): asserts given is object {
  if (typeof given !== 'object' || given === null || Array.isArray(given) || isDate(given)) {
    throw new TypeError(`${where} takes an object such as ${example}, not ${nounOf(given)}`)
  }
  const unknown = Object.keys(given).find((name) => !names.includes(name))
  if (unknown === undefined) return
  throw new TypeError(`\`${unknown}\` is not an option of ${where}: use ${names.join(', ')}`)
}

/** A value in words, without its content: it may be long, or secret. */
function nounOf(given: unknown): string {
  if (given === null || given === undefined) return String(given)
  if (Array.isArray(given)) return 'an array'
  return isDate(given) ? 'a Date' : `a ${typeof given}`
}

/** Whether it is a Date, also one of another realm, such as a test runner's. */
export function isDate(given: unknown): given is Date {
  return Object.prototype.toString.call(given) === '[object Date]'
}
