import { WorkerEntrypoint } from 'cloudflare:workers'
import type {
  Counted,
  Counter,
  Hour,
  IncrementOptions,
  Increment as IncrementShape,
  LabelList,
  LabelsOptions,
  List,
  ListOptions,
  PrefixCounter,
  ReadOptions,
  Result,
  SumdialBinding,
} from '../../client/binding.ts'
import type { Clock } from '../../clock.ts'
import type { Log } from '../../log.ts'
import type { Scope } from '../../model/access/grant.ts'
import type { Result as Outcome } from '../../model/result.ts'
import { ok } from '../../model/result.ts'
import type { Api, Caller } from '../api.ts'
import { refuseWithout } from '../http/access.ts'
import { problemOf } from '../http/on-error.ts'
import type { Problem } from '../http/problem.ts'
import { describeProblem } from '../http/problem-words.ts'
import {
  grantOfProps,
  listArguments,
  prefixArguments,
  readArguments,
  readIncrementArguments,
} from './arguments.ts'

/** An entrypoint's services. `api` throws when the configuration is faulty. */
export type EntrypointServices = {
  readonly clock: Clock
  readonly log: Log
  readonly api: () => Api
}

/**
 * Answers other Workers of the account through a service binding, without HTTP and without a token. Each call is a
 * request of its own with its own `waitUntil`, and its increments share flights with all others of the isolate.
 *
 * Other Workers can call every method here, those that TypeScript calls protected included, so there are only the
 * ones of the API. There is no `fetch`, so HTTP cannot come in this way.
 */
export class BindingEntrypoint<Env> extends WorkerEntrypoint<Env, unknown> implements SumdialBinding {
  readonly #services: EntrypointServices

  constructor(ctx: ExecutionContext<unknown>, env: Env, services: EntrypointServices) {
    super(ctx, env)
    this.#services = services
  }

  increment(
    increments: IncrementShape | readonly IncrementShape[],
    options: IncrementOptions = {},
  ): Promise<Result<Counted>> {
    return this.#ask('write', (api, caller) =>
      api.increment(async (terms) => readIncrementArguments(increments, options, terms), caller),
    )
  }

  read(question: ReadOptions & { readonly key: string }): Promise<Result<Counter>>
  read(
    question: ReadOptions & { readonly key: readonly string[] },
  ): Promise<Result<{ readonly items: readonly Counter[] }>>
  read(question: unknown): Promise<Result<Counter | { readonly items: readonly Counter[] }>> {
    return this.#ask('read', async (api, caller) => {
      const asked = readArguments(question)
      if (!asked.ok) return asked
      const answers = await api.read(asked.value.parameters, caller)
      if (!answers.ok) return answers
      const [first] = answers.value
      return ok(asked.value.isOfOne && first !== undefined ? first : { items: answers.value })
    })
  }

  readPrefix(question: ReadOptions & { readonly prefix: string }): Promise<Result<PrefixCounter>> {
    return this.#ask('read', async (api, caller) => {
      const asked = prefixArguments(question)
      return asked.ok ? api.series(asked.value, caller) : asked
    })
  }

  labels(question: LabelsOptions): Promise<Result<LabelList>> {
    return this.#ask('read', async (api, caller) => {
      const asked = listArguments(question)
      return asked.ok ? api.labels(asked.value, caller) : asked
    })
  }

  list(question: ListOptions): Promise<Result<List>> {
    return this.#ask('read', async (api, caller) => {
      const asked = listArguments(question)
      return asked.ok ? api.list(asked.value, caller) : asked
    })
  }

  hour(hour: string): Promise<Result<Hour>> {
    return this.#ask('read', (api, caller) => api.hour({}, hour, caller))
  }

  /** Checks what the binding may do, and returns every problem as a value. [S2] */
  async #ask<T extends object>(
    needs: Scope,
    ask: (api: Api, caller: Caller) => Promise<Outcome<T, Problem>>,
  ): Promise<Result<T>> {
    try {
      const grant = grantOfProps(this.ctx.props)
      if (!grant.ok) return failure(grant.error)
      const refused = refuseWithout(grant.value, needs)
      if (refused !== undefined) return failure(refused)
      const { clock, api } = this.#services
      const keepAlive = (turn: Promise<unknown>) => this.ctx.waitUntil(turn)
      const answered = await ask(api(), { grant: grant.value, nowMs: clock.now(), keepAlive })
      return answered.ok ? { ok: true, answer: answered.value } : failure(answered.error)
    } catch (error) {
      return failure(problemOf(error, this.#services.log))
    }
  }
}

function failure(problem: Problem): Result<never> {
  const { details, retryAfterSeconds } = describeProblem(problem)
  return {
    ok: false,
    problem: details,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  }
}
