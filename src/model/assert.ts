/** A bug: something that this code relies on is not so. Nobody catches it but the outermost handler. */
export class BugError extends Error {
  override name = 'BugError'
}

/** @throws BugError unless the condition holds. `message` names what was relied on, and no key or value. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new BugError(message)
}

/** The value, which must be there. @throws BugError when it is not; `what` names it. */
export function must<T>(value: T | undefined | null, what: string): T {
  if (value === undefined || value === null) throw new BugError(`${what} is missing`)
  return value
}

/** For the end of a `switch` over a union: a new arm does not compile. */
export function unreachable(value: never): never {
  throw new BugError(`not a case: ${JSON.stringify(value)}`)
}
