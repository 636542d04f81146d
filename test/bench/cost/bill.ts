import { CLOUDFLARE, CLOUDFLARE_FREE, MONTH_HOURS, NEON } from '../../../src/local/deploy/prices.ts'
import type { Waits } from '../paced/phase.ts'

/** Work of a shard so far that the platform would bill. */
export type Billed = {
  /** Calls and alarms. */
  readonly objectRequests: number
  /** As SQLite reports them, and one for each alarm that is set. */
  readonly rowsWritten: number
  /** The part of rowsWritten that is the journal's. */
  readonly journalRows: number
  /** Time in which any call or alarm was under way. */
  readonly activeMs: number
}

/** Work that was done in a while of counting. */
export type CountedWork = {
  readonly seconds: number
  readonly increments: number
  /** To the Worker. */
  readonly requests: number
  /** From when a request was due to its answer, in ms. */
  readonly waitMs: Waits
  /** Of the whole runtime, so it is more than a Worker is billed for. */
  readonly cpuMs: number
  /** Calls to shards, and alarms. */
  readonly objectRequests: number
  readonly rowsWritten: number
  /** Time in which a shard was at work, added up over the shards. */
  readonly activeMs: number
}

export type BillLine = {
  readonly what: string
  /** In a month at this rate. */
  readonly amount: number
  /** Dollars for a million increments, when the plan includes nothing. */
  readonly perMillion: number
  /** Dollars in a month, less what the plan includes. */
  readonly month: number
}

type Price = { readonly included: number; readonly million: number }

/** The bill of a month at the same rate, line by line, the sum last. */
export function billOf(counted: CountedWork, setting: { readonly interval: number }): BillLine[] {
  const times = (MONTH_HOURS * 3_600) / counted.seconds
  const increments = counted.increments * times
  const line = (what: string, count: number, { included, million }: Price): BillLine => {
    const amount = count * times
    return {
      what,
      amount,
      perMillion: ((amount / 1e6) * million) / (increments / 1e6),
      month: (Math.max(0, amount - included) / 1e6) * million,
    }
  }
  const lines = [
    line('Worker requests', counted.requests, CLOUDFLARE.requests),
    line('Worker CPU, ms', counted.cpuMs, CLOUDFLARE.cpuMs),
    line('object requests', counted.objectRequests, CLOUDFLARE.objectRequests),
    line('rows written', counted.rowsWritten, CLOUDFLARE.rowsWritten),
    line('duration, GB-s', gbSeconds(counted), CLOUDFLARE.gbSeconds),
  ]
  const plan = { what: 'the plan', amount: 1, perMillion: 0, month: CLOUDFLARE.month }
  const all = [...lines, neonLine(setting.interval, increments), plan]
  const sum = (of: (each: BillLine) => number) => all.reduce((total, each) => total + of(each), 0)
  return [
    ...all,
    { what: 'in all', amount: increments, perMillion: sum((l) => l.perMillion), month: sum((l) => l.month) },
  ]
}

/**
 * Its smallest compute, in a month in which each flush finds something: all shards flush at the same multiples of the
 * interval, and between two it sleeps once nothing has come for a while.
 */
function neonLine(interval: number, increments: number): BillLine {
  const hours = MONTH_HOURS * Math.min(1, NEON.sleepsAfterSeconds / interval)
  const month = hours * NEON.smallestCu * NEON.launchComputeHour
  return { what: 'Neon, hours awake', amount: hours, perMillion: month / (increments / 1e6), month }
}

/** Increments that the free plan carries in a day when they come in this way, and the limit that is reached first. */
export function freePlanOf(counted: CountedWork): { readonly increments: number; readonly first: string } {
  const used: readonly (readonly [what: string, count: number, limit: number])[] = [
    ['Worker requests', counted.requests, CLOUDFLARE_FREE.requests],
    ['object requests', counted.objectRequests, CLOUDFLARE_FREE.objectRequests],
    ['rows written', counted.rowsWritten, CLOUDFLARE_FREE.rowsWritten],
    ['duration', gbSeconds(counted), CLOUDFLARE_FREE.gbSeconds],
  ]
  const carried = used.map(([first, count, limit]) => ({
    first,
    increments: (limit / count) * counted.increments,
  }))
  return carried.reduce((a, b) => (b.increments < a.increments ? b : a))
}

function gbSeconds({ activeMs }: CountedWork): number {
  return (activeMs / 1_000) * CLOUDFLARE.objectGb
}
