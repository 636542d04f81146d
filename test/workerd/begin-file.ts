import { untilHourLasts } from '../support/hour-to-go.ts'
import { beginAnew } from './support.ts'

/** Longer than a file takes, also on a busy machine. Its tests go by the hour in which it began. */
const FILE_MS_MAX = 60_000

// Vitest runs this before it imports each file.
await untilHourLasts(FILE_MS_MAX)
await beginAnew()
