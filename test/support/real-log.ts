import { existsSync, readFileSync } from 'node:fs'
import { parseLogLine } from '../../src/local/import/access-log.ts'
import { compileKeyTemplate, KEY_DEFAULT } from '../../src/local/import/key-template.ts'

export const REAL_LOG = new URL('../../../shared/data/access.log', import.meta.url)

/** Next to the project, where there is one. */
export const hasRealLog = existsSync(REAL_LOG)

export function realLogLines(): string[] {
  return readFileSync(REAL_LOG, 'latin1').trimEnd().split('\n')
}

export type LogRequest = { readonly key: string; readonly atMs: number }

/** The real log's requests by path and time, as `npm run import` counts them. */
export function realLogRequests(): LogRequest[] {
  return logRequests(realLogLines())
}

/** The requests of any log, of the same form. */
export function logRequests(lines: readonly string[]): LogRequest[] {
  const keyOf = compileKeyTemplate(KEY_DEFAULT)
  return lines.map((line) => {
    const reading = parseLogLine(line)
    const key = reading.kind === 'request' ? keyOf(reading.request) : reading
    if (reading.kind !== 'request' || key.kind !== 'key') throw new Error(`not counted: ${line}`)
    return { key: key.key, atMs: reading.request.atMs }
  })
}
