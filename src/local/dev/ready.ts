import { z } from 'zod'
import type { Clock } from '../../clock.ts'
import { CommandFailed } from '../cli.ts'

const POLL_MS = 100

/** Between two lines that say how long it has taken so far. */
const SAY_MS = 10_000

/** Of such a line's answer. */
const LINE_CHARACTERS = 200

/** wrangler's proxy accepts requests before the Worker is there, and may never answer those. */
const ANSWER_MS_MIN = 5_000

/** Asks the Worker once, and waits so long for its answer. */
export type AskWorker = (answerMsMax: number) => Promise<ReadyAnswer>

type ReadyAnswer = {
  readonly isReady: boolean
  readonly takesToken: boolean
  readonly isFinal: boolean
  readonly said: string
}

type Patience = {
  readonly withinMs: number
  readonly clock: Pick<Clock, 'now' | 'sleep'>
  readonly say: (line: string) => void
}

/**
 * Resolves when the Worker answers. One that was given API_TOKENS is ready when it asks for a token, because nobody here
 * has one.
 *
 * @returns whether the Worker asks for a token.
 * @throws CommandFailed when the Worker refuses its configuration, or does not answer in time; or the reason of `signal`.
 */
export async function untilReady(
  ask: AskWorker,
  { withinMs, clock, say }: Patience,
  signal: AbortSignal,
): Promise<boolean> {
  const beganMs = clock.now()
  for (let saidMs = 0, waitedMs = 0; ; ) {
    // A busy machine may take more than the least time for each answer.
    const answer = await ask(Math.max(ANSWER_MS_MIN, waitedMs / 2))
    signal.throwIfAborted()
    if (answer.isReady) return answer.takesToken
    if (answer.isFinal) throw new CommandFailed(`The Worker cannot start. ${answer.said}`)
    waitedMs = clock.now() - beganMs
    if (waitedMs > withinMs) {
      throw new CommandFailed(
        `The Worker did not answer within ${withinMs / 1000} s. Its last answer: ${answer.said}`,
      )
    }
    if (waitedMs >= saidMs + SAY_MS) {
      saidMs = waitedMs - (waitedMs % SAY_MS)
      say(
        `Still waiting for the Worker, ${saidMs / 1000} s so far. Its last answer: ${firstLine(answer.said)}`,
      )
    }
    await clock.sleep(POLL_MS)
  }
}

/** An answer may be a whole page, of wrangler's. */
function firstLine(text: string): string {
  return (text.split('\n', 1)[0] ?? '').slice(0, LINE_CHARACTERS)
}

/** With --host nothing is open. */
const CLOSED = ':closed-to-all'

export const NEEDS_TOKENS =
  'With --host it takes tokens, because others can reach it. `npm run token` makes one: put its line into .dev.vars, or ' +
  'pass it as --var.'

/** Problems that stay until the configuration changes. */
const FINAL = /:(not-configured|closed-to-all)$/

/**
 * Asks for a fresh read, which needs the Worker, a shard and Postgres.
 *
 * @param address such as `http://127.0.0.1:8787`.
 */
export async function askWorker(
  address: string,
  answerMsMax: number,
  signal: AbortSignal,
): Promise<ReadyAnswer> {
  try {
    const response = await fetch(`${address}/counters?key=sumdial`, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(answerMsMax)]),
    })
    const { type = '', detail = response.statusText } = await readProblem(response)
    const takesToken = type.endsWith(':unauthenticated')
    const said = type.endsWith(CLOSED) ? NEEDS_TOKENS : detail
    return { isReady: response.ok || takesToken, takesToken, isFinal: FINAL.test(type), said }
  } catch (error) {
    return { isReady: false, takesToken: false, isFinal: false, said: String(error) }
  }
}

const problemSchema = z.object({ type: z.string(), detail: z.string() }).partial()

async function readProblem(response: Response): Promise<z.infer<typeof problemSchema>> {
  const isProblem = response.headers.get('content-type') === 'application/problem+json'
  // wrangler answers with a page of its own when the Worker threw.
  if (!isProblem) return { detail: `${response.status} ${await response.text()}` }
  return problemSchema.parse(await response.json())
}
