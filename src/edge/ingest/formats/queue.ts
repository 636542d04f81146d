import type { Clock } from '../../../clock.ts'
import type { Config } from '../../../config.ts'
import { QUEUE_RETRY_SECONDS, QUEUE_RETRY_SECONDS_MAX } from '../../../limits.ts'
import type { Log } from '../../../log.ts'
import type { Grant } from '../../../model/access/grant.ts'
import type { Meter } from '../../../model/meter/meter.ts'
import { ok } from '../../../model/result.ts'
import type { Api, Caller } from '../../api.ts'
import type { Fate } from '../delivery/delivery.ts'
import { Metering, selectiveMeters } from './records/metering.ts'
import { parseRecord } from './records/parse.ts'

/** The part of Cloudflare's Message and MessageBatch that is used. */
export type QueueBatch = { readonly queue: string; readonly messages: readonly QueueMessage[] }

export type QueueMessage = {
  readonly id: string
  readonly timestamp: Date
  readonly body: unknown
  /** How often it has been delivered, this time included. */
  readonly attempts: number
  ack(): void
  retry(options?: { readonly delaySeconds?: number }): void
}

type QueueServices = {
  readonly config: Pick<Config, 'meters'>
  readonly clock: Pick<Clock, 'now'>
  readonly log: Log
  readonly api: Pick<Api, 'deliver'>
}

/**
 * Makes the consumer of Cloudflare Queues. Each message is a record, `{ queue, id, timestamp, body }`, counted by the meters
 * that have a `match`. A queue delivers at least once, and its messages keep id and timestamp: so they are the name and the
 * time of what a message counts. [N1] A message is acknowledged when it has counted or can never count, and retried when a
 * shard did not take it.
 */
export function queueConsumer({ config, clock, log, api }: QueueServices) {
  const meters = selectiveMeters(config.meters)

  return async (batch: QueueBatch, keepAlive: Caller['keepAlive']): Promise<void> => {
    const { queue, messages } = batch
    if (meters.length === 0) {
      // Nothing is lost until somebody writes a meter, or the queue gives up.
      log({ message: 'no meter for queue', queue, messages: messages.length })
      for (const each of messages) retry(each)
      return
    }
    const caller = { grant: grantOf(queue), nowMs: clock.now(), keepAlive }
    await consume(batch, meters, caller)
  }

  async function consume(batch: QueueBatch, own: readonly Meter[], caller: Caller): Promise<void> {
    const { queue, messages } = batch
    const delivered = await api.deliver(
      'queue',
      async (gathering) => {
        const metering = new Metering(gathering, own)
        for (const each of messages) {
          metering.takeRecord(recordOf(queue, each), { at: each.timestamp.getTime(), id: each.id })
        }
        // Every increment has its message's name.
        return ok(null)
      },
      caller,
    )
    if (delivered.ok) {
      const { byRecord, unmatched } = delivered.value
      if (unmatched > 0) log({ message: 'messages unmatched', queue, messages: messages.length, unmatched })
      for (const [i, each] of messages.entries()) ackOrRetry(each, byRecord.get(i))
      return
    }
    // Together they pass a bound that each may keep.
    if (messages.length > 1) {
      for (const each of messages) await consume({ queue, messages: [each] }, own, caller)
      return
    }
    log({ message: 'message refused', queue, problem: delivered.error.kind })
    for (const each of messages) each.ack()
  }
}

/** A queue is bound to the Worker by whoever owns both, and may do what METERS says. */
function grantOf(queue: string): Grant {
  return { name: `queue\n${queue}`, scopes: ['write', 'adjust'], prefix: null }
}

function recordOf(queue: string, { id, timestamp, body }: QueueMessage): object {
  return {
    queue,
    id,
    timestamp: timestamp.toISOString(),
    body: typeof body === 'string' ? ofText(body) : body,
  }
}

/** A text is read as JSON where it is some. */
function ofText(body: string): unknown {
  const parsed = parseRecord(body)
  return parsed.ok ? parsed.value : body
}

/** @param fate undefined for a message that counts nothing: no meter is for it, or it can never count. */
function ackOrRetry(message: QueueMessage, fate: Fate | undefined): void {
  if (fate === 'refused' || fate === 'unknown') retry(message)
  else message.ack()
}

function retry(message: QueueMessage): void {
  const delaySeconds = Math.min(QUEUE_RETRY_SECONDS * 2 ** (message.attempts - 1), QUEUE_RETRY_SECONDS_MAX)
  message.retry({ delaySeconds })
}
