/**
 * JSON numbers lose their fraction in silence when they are parsed: 9007199254740990.6 becomes ...991, and
 * 1.00000000000000000001 becomes 1. An exact sum cannot begin with that, so a number that is not whole in the text is
 * not whole here either.
 */

/**
 * Matches every text that holds a `value` written with a fraction or an exponent, and some others. An escape could
 * spell a letter of the field's name (`v\u0061lue`), hence the second alternative.
 */
const MAY_HAVE_FRACTION = /"value"\s*:\s*-?\d+[.eE]|\\u00[67]/

/** Any number that is not whole: it takes the place of a value that is not whole as written. */
const NOT_WHOLE = 0.5

/**
 * Parses JSON, so that a number named `value` that is not whole as written is not whole as parsed.
 *
 * @throws SyntaxError for malformed JSON.
 */
export function parseJsonExactly(text: string): unknown {
  return MAY_HAVE_FRACTION.test(text) ? JSON.parse(text, keepFraction) : JSON.parse(text)
}

function keepFraction(name: string, value: unknown, context?: { source?: string }): unknown {
  const isNumber = name === 'value' && typeof value === 'number'
  return isNumber && context?.source !== undefined && !isWhole(context.source) ? NOT_WHOLE : value
}

/** Whether a JSON number is whole as written: after the point, which its exponent moves, there are only zeros. */
function isWhole(source: string): boolean {
  const [mantissa = '', exponent = '0'] = source.toLowerCase().split('e')
  const [whole = '', fraction = ''] = mantissa.split('.')
  const digits = whole + fraction
  // A loop, because /0+$/ takes quadratic time on long runs of zeros.
  let end = digits.length
  while (end > 0 && digits[end - 1] === '0') end--
  const isZero = end === 0 || (end === 1 && digits[0] === '-')
  return isZero || Number(exponent) - fraction.length + (digits.length - end) >= 0
}
