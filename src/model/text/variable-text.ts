import { z } from 'zod'

/** A list in a variable: its parts without blanks around them, and without empty ones. */
export const commaSeparated = z
  .string()
  .transform((text) => text.split(',').flatMap((part) => (part.trim() === '' ? [] : [part.trim()])))

/**
 * A value in a variable, as JSON. It may come from a file in front of which Windows has put a byte order mark. No message
 * repeats it, because V8's own would, and it may be a secret.
 */
export const jsonText = z.string({ error: 'must be a string' }).transform((json, ctx): unknown => {
  try {
    return JSON.parse(json.replace(/^\u{feff}/u, ''))
  } catch {
    ctx.addIssue({ code: 'custom', message: 'must be JSON' })
    return z.NEVER
  }
})
