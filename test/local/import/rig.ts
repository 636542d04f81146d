import { Readable } from 'node:stream'
import { onTestFinished } from 'vitest'
import type { Fetch, Timing } from '../../../src/client/internal.ts'
import { REQUEST_MS_MAX } from '../../../src/client/limits.ts'
import { Connection } from '../../../src/local/import/connection.ts'
import { type BatchBounds, CUT_BOUNDS } from '../../../src/local/import/cutting.ts'
import { type Ending, type Import, runImport } from '../../../src/local/import/importer.ts'
import { compileKeyTemplate, KEY_DEFAULT } from '../../../src/local/import/key-template.ts'
import { findFormat, jsonLogReader, logReader, ndjsonReader } from '../../../src/local/import/reader.ts'
import { exitCodeOf, summarize } from '../../../src/local/import/summary.ts'
import { ImportTally, type OutgoingLine } from '../../../src/local/import/tally.ts'
import { listen, type Script } from '../scripted-worker.ts'

/** A scripted worker that ends with the test. */
export async function serve(script: Script, port?: number) {
  const server = await listen(script, port)
  onTestFinished(server.close)
  return server
}

export type InstantTiming = Timing & { readonly waited: number[] }

/** Time that passes at once, and only while somebody waits between two tries. */
export function instantTiming(
  onWait: (ms: number) => void = () => undefined,
  requestMs = REQUEST_MS_MAX,
): InstantTiming {
  let nowMs = Date.UTC(2026, 10, 21)
  let names = 0
  const waited: number[] = []
  return {
    waited,
    now: () => nowMs,
    random: () => 0.5,
    newName: () => `name-${++names}`,
    stayAlive: () => () => undefined,
    after(ms, callback) {
      if (ms === REQUEST_MS_MAX) {
        const timer = setTimeout(callback, requestMs)
        return () => clearTimeout(timer)
      }
      waited.push(ms)
      onWait(ms)
      const immediate = setImmediate(() => {
        nowMs += ms
        callback()
      })
      return () => clearImmediate(immediate)
    },
  }
}

/** A tally that also remembers the outcome of each line. */
export class LineTally extends ImportTally {
  readonly outcomes = new Map<number, string>()

  override count(items: readonly OutgoingLine[], before: number): void {
    super.count(items, before)
    this.#note(items, 'counted')
  }

  override refuse(item: OutgoingLine, reason: string): void {
    super.refuse(item, reason)
    this.#note([item], 'refused')
  }

  override doubt(items: readonly OutgoingLine[], reason: string): void {
    super.doubt(items, reason)
    this.#note(items, 'unknown')
  }

  override conflict(items: readonly OutgoingLine[]): void {
    super.conflict(items)
    this.#note(items, 'conflict')
  }

  override leave(items: readonly OutgoingLine[]): void {
    super.leave(items)
    this.#note(items, 'unsent')
  }

  #note(items: readonly OutgoingLine[], outcome: string): void {
    for (const { line } of items) {
      if (this.outcomes.has(line)) throw new Error(`line ${line} has two outcomes`)
      this.outcomes.set(line, outcome)
    }
  }
}

export type Settings = {
  url: URL
  /** Lines of one batch. */
  batchLines: number
  bounds: BatchBounds
  concurrency: number
  timing: Timing
  interrupt: AbortSignal
  token: string
  salt: string | null
  since: number | null
  isFollowing: boolean
  fetch: Fetch
  format: 'auto' | 'common' | 'combined'
  template: string
  connection: Import['connection']
}

export type RigOutcome = {
  readonly tally: LineTally
  readonly ending: Ending
  readonly said: readonly string[]
  readonly code: number
  readonly summary: string
}

/** Imports a text, bytes in chunks of any size, or a stream. */
export async function importing(
  input: string | readonly Buffer[] | Readable,
  settings: Partial<Settings>,
): Promise<RigOutcome> {
  const said: string[] = []
  const tally = new LineTally((line) => said.push(line))
  const timing = settings.timing ?? instantTiming()
  const {
    url = new URL('https://sumdial.test'),
    token,
    fetch,
    salt = null,
    since = null,
    format = 'auto',
  } = settings
  const { template = KEY_DEFAULT } = settings
  const chunks = typeof input === 'string' ? [Buffer.from(input)] : input
  const ending = await runImport({
    input: chunks instanceof Readable ? chunks : Readable.from(chunks),
    readerFor: (first) => {
      const found = format === 'auto' ? findFormat(first) : format
      if (found === 'ndjson') return ndjsonReader
      if (found === 'json') return jsonLogReader(template, compileKeyTemplate(template))
      return logReader(found, template, compileKeyTemplate(template))
    },
    connection:
      settings.connection ??
      new Connection({ url, token, timing, ...(fetch === undefined ? {} : { fetch }) }),
    tally,
    timing,
    bounds: settings.bounds ?? { ...CUT_BOUNDS, lines: settings.batchLines ?? 10 },
    concurrency: settings.concurrency ?? 1,
    salt,
    since,
    isFollowing: settings.isFollowing ?? false,
    interrupt: settings.interrupt ?? new AbortController().signal,
  })
  const isRepeatable = salt === null
  const way = { database: null, finalHours: [], isDryRun: false, isRepeatable, url }
  const outcome = { ...way, tally, ending, elapsedMs: 1_000 }
  return { tally, ending, said, code: exitCodeOf(tally, ending), summary: summarize(outcome) }
}

/** The figures of an outcome that are not 0. Each line has one outcome. */
export function figures({ tally, code }: RigOutcome) {
  const { lines, accepted, before, byId, refused, unknown } = tally
  const [conflicts, unsent] = [tally.conflicting.count, tally.unsent.count]
  const noRequests = tally.noRequests.count
  const all = { accepted, before, byId, conflicts, noRequests, refused, unknown, unsent }
  const sum = Object.values(all).reduce((a, b) => a + b, 0)
  if (sum !== lines) throw new Error(`${sum} outcomes of ${lines} lines`)
  return { ...Object.fromEntries(Object.entries(all).filter(([, figure]) => figure > 0)), code }
}

export const logLine = (n: number | string, time = '17/May/2015:10:05:03 +0000') =>
  `1.2.3.4 - - [${time}] "GET /${n} HTTP/1.1" 200 1 "-" "-"\n`

export const logOf = (lines: number) => Array.from({ length: lines }, (_, n) => logLine(n)).join('')
