import { beginAnew } from './support.ts'

// Vitest runs this before it imports each file.
await beginAnew()
