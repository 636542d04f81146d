import { z } from 'zod'

/** A list in a variable: its parts without blanks around them, and without empty ones. */
export const commaSeparated = z
  .string()
  .transform((text) => text.split(',').flatMap((part) => (part.trim() === '' ? [] : [part.trim()])))
