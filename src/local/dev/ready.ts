import { setTimeout as after } from 'node:timers/promises'
import { z } from 'zod'
import { CommandFailed } from '../cli.ts'

const POLL_MS = 100
/** wrangler's proxy accepts requests before the Worker is there, and may never answer those. */
const ANSWER_MS_MAX = 5_000

/**
 * Resolves when the Worker answers a fresh read, which needs the Worker, a shard and Postgres. A Worker that was given
 * API_TOKENS is ready when it asks for a token, because nobody here has one.
 *
 * @param address such as `http://127.0.0.1:8787`.
 * @returns whether the Worker asks for a token.
 * @throws CommandFailed when the Worker refuses its configuration, or does not answer in time; or the reason of `signal`.
 */
export async function untilReady(address: string, withinMs: number, signal: AbortSignal): Promise<boolean> {
  const deadlineMs = performance.now() + withinMs
  for (;;) {
    const answer = await ask(address, signal)
    signal.throwIfAborted()
    if (answer.isReady) return answer.takesToken
    if (answer.isFinal) throw new CommandFailed(`The Worker cannot start. ${answer.said}`)
    if (performance.now() > deadlineMs) {
      throw new CommandFailed(
        `The Worker did not answer within ${withinMs / 1000} s. Its last answer: ${answer.said}`,
      )
    }
    await after(POLL_MS)
  }
}

type ReadyAnswer = {
  readonly isReady: boolean
  readonly takesToken: boolean
  readonly isFinal: boolean
  readonly said: string
}

/** With --host nothing is open. */
const CLOSED = ':closed-to-all'

export const NEEDS_TOKENS =
  'With --host it takes tokens, because others can reach it. `npm run token` makes one: put its line into .dev.vars, or ' +
  'pass it as --var.'

/** Problems that stay until the configuration changes. */
const FINAL = /:(not-configured|closed-to-all)$/

async function ask(address: string, signal: AbortSignal): Promise<ReadyAnswer> {
  try {
    const response = await fetch(`${address}/counters?key=sumdial`, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS_MAX)]),
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
