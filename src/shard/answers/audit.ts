import { PARKED_SHOWN_MAX } from '../../limits.ts'
import type { ShardName } from '../../model/shard-name.ts'
import { formatShardName } from '../../model/shard-name.ts'
import { keyOf, labelsOf } from '../../model/slices/slice.ts'
import type { ShardStatus } from '../../model/status.ts'
import type { Flusher } from '../flush.ts'
import type { Parked } from '../parked.ts'
import type { ShardStore } from '../store.ts'

/** A shard's holdings as `/status` shows them, with whether they add up. [C1] */
export function describeShard(
  name: ShardName,
  store: ShardStore,
  { fault }: Flusher,
  heldRatio: number,
  nowMs: number,
): ShardStatus {
  const holdings = store.holdings()
  const { oldestMs, ...shown } = holdings
  const { accepted, settled, open, frozen, parked, discarded } = holdings
  return {
    shard: formatShardName(name),
    ...(store.isStored ? { writer: store.writer } : {}),
    ...shown,
    lagMs: oldestMs === null ? 0 : Math.max(0, nowMs - oldestMs),
    isConserved: accepted === settled + frozen.increments + open.increments + parked.increments + discarded,
    parkedKeys: store.parked.entries().take(PARKED_SHOWN_MAX).map(describeParked).toArray(),
    fault,
    heldRatio,
  }
}

function describeParked([slice, { sinceMs, reason }]: readonly [string, Parked]) {
  const labels = labelsOf(slice)
  return { key: keyOf(slice), ...(labels === undefined ? {} : { labels }), reason, sinceMs }
}
