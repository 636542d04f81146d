/** Finds a field of a record; undefined when it is not there. */
export type Path = (record: unknown) => unknown

/**
 * Compiles `data.items.0.sku`, where a number is a place in an array. A name may have dots of its own, as attributes of
 * OpenTelemetry do (`resource.service.name`): the longest name that is there is taken.
 */
export function compilePath(path: string): Path {
  const [first = '', ...others] = path.split('.')
  if (others.length === 0) return (record) => fieldOf(record, first)
  const names = [first, ...others]
  /** For each place in the path: the names that may begin there, the longest first, and where each ends. */
  const choices = names.map((_, from) => {
    const ends = Array.from({ length: names.length - from }, (_, i) => names.length - i)
    return ends.map((end) => ({ name: names.slice(from, end).join('.'), end }))
  })
  const find = (value: unknown, from: number): unknown => {
    for (const { name, end } of choices[from] ?? []) {
      const field = fieldOf(value, name)
      const found = field === undefined || end === names.length ? field : find(field, end)
      if (found !== undefined) return found
    }
    return undefined
  }
  return (record) => find(record, 0)
}

function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return (value as Readonly<Record<string, unknown>>)[name]
}
