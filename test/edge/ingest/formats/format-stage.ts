import { apiOf } from '../../../../src/edge/api.ts'
import type { Problem } from '../../../../src/edge/http/problem.ts'
import { problemResponse } from '../../../../src/edge/http/problem-response.ts'
import { LargeBodies } from '../../../../src/edge/ingest/delivery/large-bodies.ts'
import type { Format, FormatServices } from '../../../../src/edge/ingest/formats/format.ts'
import { KnownSlices } from '../../../../src/edge/ingest/formats/otlp/known-slices.ts'
import type { Ports } from '../../../../src/edge/ports.ts'
import type { LogLine } from '../../../../src/log.ts'
import type { Grant } from '../../../../src/model/access/grant.ts'
import { metersSchema } from '../../../../src/model/meter/definition.ts'
import type { Meter } from '../../../../src/model/meter/meter.ts'
import { CountingShards } from '../../../support/counting-shards.ts'
import { nodeClock } from '../../../support/node-clock.ts'
import { scheduleOf } from '../../../support/schedule.ts'

/** Grants of a token that writes, of one for keys under `otel/tenant`, and of one that may adjust. */
export const WRITER: Grant = { name: 'writer', scopes: ['write'], prefix: null }
export const TENANT: Grant = { name: 'tenant', scopes: ['write'], prefix: 'otel/tenant' }
export const ADJUSTER: Grant = { name: 'adjuster', scopes: ['write', 'adjust'], prefix: null }

type RequestBody = Uint8Array | string | ReadableStream<Uint8Array>

type Settings = {
  readonly shards?: string
  readonly lateHours?: string
  /** METERS, as JSON. */
  readonly meters?: string
  /** How the format's route words problems. */
  readonly refuse?: (problem: Problem, request: Request) => Response
}

/** A foreign format before shards with the production store. */
export class FormatStage {
  readonly shards = new CountingShards(nodeClock)
  /** Everything that was logged. */
  readonly lines: LogLine[] = []
  readonly #format: Format
  readonly #refuse: (problem: Problem, request: Request) => Response
  readonly #api: ReturnType<typeof apiOf>
  readonly #meters: readonly Meter[]
  readonly #knownSlices = new KnownSlices()
  readonly #largeBodies = new LargeBodies(nodeClock)

  constructor(
    format: Format,
    { shards = '1', lateHours = '72', meters = '[]', refuse = problemResponse }: Settings = {},
  ) {
    this.#format = format
    this.#refuse = refuse
    this.#meters = metersSchema.parse(meters)
    const { merge } = this.shards
    this.#api = apiOf({
      clock: nodeClock,
      log: (line: LogLine) => this.lines.push(line),
      config: { shards: scheduleOf(shards), lateHours: scheduleOf(lateHours) },
      shards: { merge, wake: async () => undefined },
    } as unknown as Ports)
  }

  /** The sum of each key over all hours. */
  get sums(): Record<string, number> {
    return this.shards.sums
  }

  async post(
    body: RequestBody,
    headers: Record<string, string>,
    grant = WRITER,
    { path = '/', nowMs = nodeClock.now() } = {},
  ): Promise<Response> {
    const init = { method: 'POST', headers, body, duplex: 'half' } as RequestInit
    const request = new Request(`http://worker${path}`, init)
    const caller = { grant, nowMs, keepAlive: () => undefined }
    const deliver: FormatServices['deliver'] = (name, read) => this.#api.deliver(name, read, caller)
    const [clock, meters, largeBodies] = [nodeClock, this.#meters, this.#largeBodies]
    const services = { ...caller, clock, meters, knownSlices: this.#knownSlices, largeBodies, deliver }
    const answer = await this.#format(request, services)
    if (answer instanceof Response) return answer
    return answer.ok ? Response.json(answer.value) : this.#refuse(answer.error, request)
  }
}
