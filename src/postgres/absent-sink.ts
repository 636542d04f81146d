import type { Sink } from '../model/flush/batch.ts'

async function refuses() {
  return { kind: 'refused', reason: 'DATABASE_URL is missing' } as const
}

/** The sink of a Worker without DATABASE_URL: what it counts waits in its shards until there is one. */
export const ABSENT_SINK: Sink = { apply: refuses, seal: refuses, register: refuses, end: () => undefined }
