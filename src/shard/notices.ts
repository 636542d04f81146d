import type { DurableObjectStorage } from '@cloudflare/workers-types'
import { z } from 'zod'
import { type Notice, noticeSchema } from '../model/deployed/notice.ts'

const NAME = 'notices'

const storedSchema = z.object({ v: z.literal(1), notices: z.array(noticeSchema) })

type Storage = { readonly kv: Pick<DurableObjectStorage['kv'], 'get' | 'put' | 'delete'> }

/**
 * The notices that the cron has left in this shard, because `/status` and `/metrics` ask the shards and not Postgres. They are
 * beside the tables, so that a shard that holds nothing has none after it was told of them.
 */
export function readNotices({ kv }: Storage): readonly Notice[] {
  const stored = kv.get(NAME)
  if (stored === undefined) return []
  const parsed = storedSchema.safeParse(stored)
  // A newer version has left them. Its cron leaves them again, and they are nothing that the shard works with.
  return parsed.success ? parsed.data.notices : []
}

/** Replaces the notices. Writes nothing where there are none and there were none. */
export function writeNotices({ kv }: Storage, notices: readonly Notice[]): void {
  if (notices.length > 0) kv.put(NAME, { v: 1, notices })
  else if (kv.get(NAME) !== undefined) kv.delete(NAME)
}
