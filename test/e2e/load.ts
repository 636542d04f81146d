import { vi } from 'vitest'

/** Requests in flight at any time. */
const CLIENTS = 48

/** The clients' knowledge of the increments that they sent, each of value 1 under a key of its own. */
export class SentIncrements {
  /** Whether each increment has an id, so that it may be sent again. */
  readonly withIds: boolean
  /** The time of each increment that has an id. */
  readonly at = new Map<string, string>()
  readonly acknowledged = new Set<string>()
  /** No answer, or one that does not say that it was counted. */
  readonly unknown = new Set<string>()

  constructor(withIds = false) {
    this.withIds = withIds
  }

  /** One list, however often it is asked for. */
  bodyOf(key: string): string {
    if (!this.withIds) return JSON.stringify({ key })
    const at = this.at.get(key) ?? new Date().toISOString()
    this.at.set(key, at)
    return JSON.stringify({ key, at, id: key })
  }
}

/** Sends again what may or may not have been counted, under the same ids, from as many clients as counted it. */
export async function resendUnknown(url: string, sent: SentIncrements): Promise<void> {
  const left = [...sent.unknown]
  const client = async () => {
    for (let key = left.pop(); key !== undefined; key = left.pop()) {
      if (!(await count(url, sent.bodyOf(key)))) continue
      sent.unknown.delete(key)
      sent.acknowledged.add(key)
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, client))
}

export interface Load {
  /** Resolves when so many more increments have been acknowledged than when it was called. */
  untilAcknowledged(more: number): Promise<void>
  /** Sends no more, and resolves when every request under way has ended. */
  stop(): Promise<void>
}

/** Counts from dozens of clients at once. Keys begin with `prefix`; failures are noted, and never end a client. */
export function startLoad(url: string, prefix: string, sent: SentIncrements): Load {
  const stopping = new AbortController()
  const clients = Array.from({ length: CLIENTS }, (_, i) =>
    runClient(url, `${prefix}/${i}`, sent, stopping.signal),
  )
  return {
    async untilAcknowledged(more) {
      const goal = sent.acknowledged.size + more
      await vi.waitFor(
        () => {
          if (sent.acknowledged.size < goal)
            throw new Error(`${sent.acknowledged.size} of ${goal} acknowledged`)
        },
        { timeout: 60_000, interval: 5 },
      )
    },
    async stop() {
      stopping.abort()
      await Promise.all(clients)
    },
  }
}

async function runClient(
  url: string,
  prefix: string,
  sent: SentIncrements,
  stopping: AbortSignal,
): Promise<void> {
  for (let n = 0; !stopping.aborted; n++) {
    const key = `${prefix}/${n}`
    const isAcknowledged = await count(url, sent.bodyOf(key))
    ;(isAcknowledged ? sent.acknowledged : sent.unknown).add(key)
    // Nobody listens while a killed part is away: without a pause the clients would spin.
    if (!isAcknowledged) await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function count(url: string, body: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/increment`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      signal: AbortSignal.timeout(20_000),
    })
    await response.arrayBuffer()
    return response.status === 202
  } catch {
    // The connection broke: the increment may have been counted.
    return false
  }
}
