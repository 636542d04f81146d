import type { Result } from '../../src/model/result.ts'

/** The value of a result that must be good. */
export function goodOf<T>(result: Result<T, unknown>): T {
  if (!result.ok) throw new Error(`refused: ${JSON.stringify(result.error)}`)
  return result.value
}

/** The value of a good result, or the error, for tests that look at either. */
export function eitherOf<T, E>(result: Result<T, E>): T | E {
  return result.ok ? result.value : result.error
}

/** The error of a result that must be bad. */
export function badOf<E>(result: Result<unknown, E>): E {
  if (result.ok) throw new Error(`taken: ${JSON.stringify(result.value)}`)
  return result.error
}
