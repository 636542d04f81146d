import type { z } from 'zod'

/** A zod refinement out of a function that names the fault. */
export function check<T>(faultOf: (value: T) => string | undefined) {
  return (ctx: z.core.ParsePayload<T>) => {
    const message = faultOf(ctx.value)
    if (message !== undefined) ctx.issues.push({ code: 'custom', message, input: ctx.value })
  }
}
