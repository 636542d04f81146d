import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import { apiOf } from './api.ts'
import { createApp } from './app.ts'
import { inspect } from './background/inspect.ts'
import { sweeper } from './background/sweep.ts'
import { withDeadlines } from './deadlines.ts'
import { problemOf } from './http/on-error.ts'
import { problemResponse } from './http/problem-response.ts'
import { type QueueBatch, queueConsumer } from './ingest/formats/queue.ts'
import type { Ports } from './ports.ts'

/** The Worker's handlers, and what its binding's entrypoint works with. */
export type Worker<Env> = ReturnType<typeof createWorker<Env>>

/**
 * Makes the Worker out of its ports. They are made once for each isolate, at its first request, so that all of the
 * isolate's requests gather in one coalescer.
 *
 * @param portsOf may throw a ConfigError: requests are then answered 500 with the names of the faulty variables.
 */
export function createWorker<Env>(
  world: { readonly clock: Clock; readonly log: Log },
  portsOf: (env: Env) => Ports,
) {
  const { clock, log } = world
  let made: { readonly env: Env; readonly edge: ReturnType<typeof createEdge> } | undefined

  /** @throws ConfigError */
  function edgeOf(env: Env) {
    if (made?.env !== env) made = { env, edge: createEdge(portsOf(env)) }
    return made.edge
  }

  return {
    fetch(request: Request, env: Env, ctx: ExecutionContext): Response | Promise<Response> {
      try {
        return edgeOf(env).app.fetch(request, env, ctx)
      } catch (error) {
        return problemResponse(problemOf(error, log))
      }
    },

    async queue(batch: QueueBatch, env: Env, ctx: ExecutionContext): Promise<void> {
      await edgeOf(env).consume(batch, (turn) => ctx.waitUntil(turn))
    },

    async scheduled({ scheduledTime }: ScheduledController, env: Env): Promise<void> {
      const { sweep, inspect } = edgeOf(env)
      try {
        log({ message: 'swept', ...(await sweep(scheduledTime)) })
      } finally {
        // Also after a sweep that failed because there is no table yet.
        await inspect(scheduledTime)
      }
    },

    /** The services of BindingEntrypoint. */
    entrypoint: (env: Env) => ({ clock, log, api: () => edgeOf(env).api }),
  }
}

function createEdge(ports: Ports) {
  const patient = withDeadlines(ports)
  const api = apiOf(patient)
  return {
    api,
    app: createApp(patient, api),
    consume: queueConsumer({ ...patient, api }),
    sweep: sweeper(ports),
    inspect: (nowMs: number) => inspect(nowMs, ports),
  }
}
