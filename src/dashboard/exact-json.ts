/** The text of a number as it was sent, which newer engines hand to a reviver; older ones only the number. */
type Context = { readonly source?: string }

/** As JSON.parse, but each `sum` is a bigint, exact at any size where the engine shows the text of numbers. */
export function parseExactly(text: string): unknown {
  return (
    JSON.parse as (text: string, reviver: (...args: [string, unknown, Context?]) => unknown) => unknown
  )(text, (name, value, context) =>
    name === 'sum' && typeof value === 'number' ? BigInt(context?.source ?? value) : value,
  )
}
