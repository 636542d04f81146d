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

/** Its request has counted, and is sent again. */
export const LOST_ANSWER: ProxyFate = { kind: 'answer lost' }

const FATES: readonly ProxyFate[] = [
  LOST_ANSWER,
  { kind: 'lost' },
  { kind: 'refused', status: 503, retryAfterSeconds: 0 },
  { kind: 'refused', status: 503 },
  { kind: 'refused', status: 429, retryAfterSeconds: 1 },
  { kind: 'refused', status: 502 },
]

/** So many requests in a row may go wrong, because OpenTelemetry's exporters give up after six tries. */
const IN_A_ROW_MAX = 3

/** The answer of the first request is lost, and some third goes wrong in all ways that clients send again after. */
export function unlucky(random: () => number): (n: number) => ProxyFate {
  let inARow = 0
  return (n) => {
    const isWrong = n === 0 || (random() < 1 / 3 && inARow < IN_A_ROW_MAX)
    inARow = isWrong ? inARow + 1 : 0
    if (!isWrong) return { kind: 'through' }
    return n === 0 ? LOST_ANSWER : must(FATES[Math.floor(random() * FATES.length)], 'a fate')
  }
}
