import type { ShardName } from '../model/shard-name.ts'
import { formatShardName } from '../model/shard-name.ts'
import type { ShardStatus } from '../model/status.ts'
import type { FlushFault } from './flush.ts'
import type { Holdings } from './store.ts'

/** A shard's holdings as `/status` shows them, with the audit of conservation. [C1] */
export function describeShard(
  name: ShardName,
  holdings: Holdings,
  fault: FlushFault | null,
  nowMs: number,
): ShardStatus {
  const { oldestMs, ...shown } = holdings
  const { accepted, settled, open, frozen } = holdings
  return {
    shard: formatShardName(name),
    ...shown,
    lagMs: oldestMs === null ? 0 : Math.max(0, nowMs - oldestMs),
    isConserved: accepted === settled + frozen.increments + open.increments,
    fault,
  }
}
