import { setTimeout as sleep } from 'node:timers/promises'
import { type EndpointAnswer, errorAnswer, messageAnswer } from '../../src/local/neon/answer.ts'
import { BackendError, type NeonStatement } from '../../src/local/neon/backend.ts'
import type { Around } from '../../src/local/neon/endpoint.ts'

/** A way in which one request goes wrong. */
export type FaultAction =
  /** Executed `ms` milliseconds late, then answered. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** Not executed; the connection breaks off. */
  | { readonly kind: 'refuse' }
  /** Executed and committed; then the connection breaks off without an answer. */
  | { readonly kind: 'drop-answer' }
  /** Not executed; answered 500. */
  | { readonly kind: 'answer-500' }
  /** Not executed; answered 400 with this SQLSTATE. An empty code is how Neon reports a lost connection. */
  | { readonly kind: 'answer-sqlstate'; readonly code: string }
  /** Executed and answered; then executed once more after `afterMs`, or without it at the next `release()`. */
  | { readonly kind: 'copy-later'; readonly afterMs?: number | undefined }

/**
 * A fault meets the first `times` requests (1 unless told; Infinity for all) whose SQL matches (any SQL unless
 * told). The statements of a batch are matched as one text, joined by `;` and a line break.
 */
export type Fault = FaultAction & {
  readonly match?: RegExp | ((sql: string) => boolean) | undefined
  readonly times?: number | undefined
}

/** One request, or a later copy of one, in the order in which they were done with. */
export interface RunRecord {
  readonly statements: readonly NeonStatement[]
  readonly fault: FaultAction['kind'] | null
  readonly isCopy: boolean
  /** The status that executing it gave: 200 when it was committed. Null when it was not executed. */
  readonly status: number | null
}

export interface Faults {
  /** Adds a fault after those that are there. A request meets at most one: the first that matches. */
  inject(fault: Fault): void
  /** Forgets the faults, the copies that have not run and the log. What is under way goes on. */
  clear(): void
  /** Executes the held copies, one after another, and resolves when they are done. */
  release(): Promise<void>
  /** The statements that ran, oldest first; in a long run only the last LOG_RECORDS_MAX. */
  readonly log: readonly RunRecord[]
  /** For the endpoint: answers a request, through the fault that it meets if there is one. */
  readonly around: Around
}

/** A record keeps its parameters, and those of a flush can take a megabyte. */
const LOG_RECORDS_MAX = 1_000

interface Armed {
  readonly fault: Fault
  timesLeft: number
}

/** Faults whose `around` is given to startNeonEndpoint. There are none until some are injected. */
export function createFaults(): Faults {
  const armed: Armed[] = []
  const log: RunRecord[] = []
  let held: Execute[] = []
  let cleared = new AbortController()

  return {
    log,
    inject: (fault) => armed.push({ fault, timesLeft: fault.times ?? 1 }),
    clear() {
      armed.length = 0
      held = []
      log.length = 0
      cleared.abort()
      cleared = new AbortController()
    },
    async release() {
      const copies = held
      held = []
      for (const execute of copies) await execute()
    },
    around(statements, execute, signal) {
      const fault = take(armed, statements)
      const record = (isCopy: boolean, answer: EndpointAnswer | null) => {
        const status = answer?.kind === 'json' ? answer.status : null
        log.push({ statements, fault: fault?.kind ?? null, isCopy, status })
        if (log.length > LOG_RECORDS_MAX) log.shift()
      }
      const run = async (isCopy: boolean) => {
        const answer = await execute()
        record(isCopy, answer)
        return answer
      }
      return meet(fault, {
        run: () => run(false),
        skip(answer) {
          record(false, null)
          return answer
        },
        copy(afterMs) {
          if (afterMs === undefined) held.push(() => run(true))
          else void runAfter(afterMs, () => run(true), AbortSignal.any([signal, cleared.signal]))
        },
        wait: (ms) => waited(ms, signal),
      })
    },
  }
}

type Execute = () => Promise<EndpointAnswer>

/** The means by which a fault changes the request that meets it. */
interface Handling {
  readonly run: Execute
  /** Gives this answer instead of executing the request. */
  readonly skip: (answer: EndpointAnswer) => EndpointAnswer
  /** Has it executed once more. */
  readonly copy: (afterMs: number | undefined) => void
  /** False when the endpoint closed meanwhile. */
  readonly wait: (ms: number) => Promise<boolean>
}

async function meet(fault: Fault | null, { run, skip, copy, wait }: Handling): Promise<EndpointAnswer> {
  switch (fault?.kind) {
    case undefined:
      return run()
    case 'delay':
      return (await wait(fault.ms)) ? run() : skip({ kind: 'hang-up' })
    case 'refuse':
      return skip({ kind: 'hang-up' })
    case 'answer-500':
      return skip(messageAnswer(500, 'injected fault'))
    case 'answer-sqlstate':
      return skip(sqlstateAnswer(fault.code))
    case 'drop-answer':
      await run()
      return { kind: 'hang-up' }
    case 'copy-later':
      copy(fault.afterMs)
      return run()
  }
}

/** The answer that Postgres would give with a SQLSTATE. */
function sqlstateAnswer(code: string): EndpointAnswer {
  return errorAnswer(new BackendError('refused', `injected fault ${code}`, { code, severity: 'ERROR' }))
}

function take(armed: readonly Armed[], statements: readonly NeonStatement[]): Fault | null {
  const sql = statements.map(({ text }) => text).join(';\n')
  const hit = armed.find(({ fault, timesLeft }) => timesLeft > 0 && isMatch(fault, sql))
  if (hit === undefined) return null
  hit.timesLeft -= 1
  return hit.fault
}

function isMatch({ match }: Fault, sql: string): boolean {
  if (match === undefined) return true
  // `search` rather than `test`, which a regular expression with the g flag answers from where it last stopped.
  return typeof match === 'function' ? match(sql) : sql.search(match) >= 0
}

async function runAfter(ms: number, copy: () => Promise<EndpointAnswer>, signal: AbortSignal): Promise<void> {
  if (await waited(ms, signal)) await copy()
}

/** False when the signal ended the wait. */
async function waited(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(ms, undefined, { signal })
    return true
  } catch (error) {
    if (signal.aborted) return false
    throw error
  }
}
