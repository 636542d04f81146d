import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { must } from '../../../src/model/assert.ts'
import type { ProxyFate } from '../../support/http-proxy.ts'
import { openStage, type Stage } from './stage.ts'

/** A stage whose objects outlive a kill of workerd. It is closed when the test is over. */
export async function openKillable(vars: Readonly<Record<string, string>> = {}): Promise<Stage> {
  const objects = mkdtempSync(join(tmpdir(), 'sumdial-objects-'))
  const stage = await openStage(vars, { objects })
  onTestFinished(async () => {
    await stage.close()
    rmSync(objects, { recursive: true, force: true, maxRetries: 5 })
  })
  return stage
}

const FATES: readonly ProxyFate[] = [
  { kind: 'answer lost' },
  { kind: 'lost' },
  { kind: 'refused', status: 503, retryAfterSeconds: 0 },
  { kind: 'refused', status: 503 },
  { kind: 'refused', status: 429, retryAfterSeconds: 1 },
  { kind: 'refused', status: 502 },
]

/** The answer of the first request is lost, and every third goes wrong in all ways that clients send again after. */
export function unlucky(random: () => number): (n: number) => ProxyFate {
  return (n) => {
    if (n === 0) return { kind: 'answer lost' }
    if (random() >= 1 / 3) return { kind: 'through' }
    return must(FATES[Math.floor(random() * FATES.length)], 'a fate')
  }
}
