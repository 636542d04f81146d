import { z } from 'zod'
import type { Result } from '../../model/result.ts'
import { fail, ok } from '../../model/result.ts'
import type { Grant } from '../../model/token.ts'
import { bindingSchema } from '../../model/token.ts'
import type { Problem } from '../http/problem.ts'

/**
 * What a service binding may do, by the `props` that the other Worker's configuration gives it. Only who owns the
 * account can make one, so it needs no token, and may count and read all keys unless its props say less; what a
 * mistake could not take back, negative values, it may only by name.
 */
export function grantOfProps(props: unknown): Result<Grant, Problem> {
  const parsed = bindingSchema.safeParse(props ?? {})
  if (parsed.success) return ok(parsed.data)
  const faults = parsed.error.issues.map(({ path, message }) => `${z.core.toDotPath(path)} ${message}`.trim())
  return fail({ kind: 'not_configured', where: 'binding', faults })
}
