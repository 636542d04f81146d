import worker, { Shard as ProductionShard } from '../../src/index.ts'
import type { MergeAnswer } from '../../src/model/flight.ts'

/**
 * The production Worker before an object that answers `MERGE_DELAY_MS` late, as it does across a network. On one
 * machine the object shares the Worker's thread, which then hardly idles, and faults in waiting stay hidden.
 */
export class Shard extends ProductionShard {
  override async merge(encoded: string): Promise<MergeAnswer> {
    const answer = await super.merge(encoded)
    const { MERGE_DELAY_MS } = this.env as unknown as { readonly MERGE_DELAY_MS: string }
    await scheduler.wait(Number(MERGE_DELAY_MS))
    return answer
  }
}

export default worker
