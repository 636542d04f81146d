import { existsSync, readFileSync } from 'node:fs'
import { parseLogLine } from '../../src/local/import/access-log.ts'
import { compileKeyTemplate, KEY_DEFAULT } from '../../src/local/import/key-template.ts'

const REAL_LOG = new URL('../../../shared/data/access.log', import.meta.url)

/** It stands beside the project, and not everywhere. */
export const hasRealLog = existsSync(REAL_LOG)

export function realLogLines(): string[] {
  return readFileSync(REAL_LOG, 'latin1').trimEnd().split('\n')
}

/** The real log's requests by path and time, as `npm run import` counts them. */
export function realLogRequests(): { readonly key: string; readonly atMs: number }[] {
  const keyOf = compileKeyTemplate(KEY_DEFAULT)
  return realLogLines().map((line) => {
    const reading = parseLogLine(line)
    const key = reading.kind === 'request' ? keyOf(reading.request) : reading
    if (reading.kind !== 'request' || key.kind !== 'key') throw new Error(`not counted: ${line}`)
    return { key: key.key, atMs: reading.request.atMs }
  })
}
