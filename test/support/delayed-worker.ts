import { WorkerEntrypoint } from 'cloudflare:workers'
import worker, { Shard as ProductionShard } from '../../src/index.ts'
import type { MergeAnswer } from '../../src/model/flight.ts'

/**
 * The production Worker before an object that answers `MERGE_DELAY_MS` late, as it does across a network. On one
 * machine the object shares the Worker's thread, which then hardly idles, and faults in waiting stay hidden.
 */
export class Shard extends ProductionShard {
  #inAir = 0

  override async merge(encoded: string, hasBacklog?: boolean): Promise<MergeAnswer> {
    flights.count++
    flights.inAirMost = Math.max(flights.inAirMost, ++this.#inAir)
    try {
      const answer = await super.merge(encoded, hasBacklog)
      const { MERGE_DELAY_MS } = this.env as unknown as { readonly MERGE_DELAY_MS: string }
      await scheduler.wait(Number(MERGE_DELAY_MS))
      return answer
    } finally {
      this.#inAir--
    }
  }
}

/** Of all objects, for on one machine they share the Worker's isolate; `inAirMost` is the most of one at a time. */
const flights = { count: 0, inAirMost: 0 }

export class Flights extends WorkerEntrypoint {
  told() {
    return flights
  }
}

export { Sumdial } from '../../src/index.ts'

export default worker
