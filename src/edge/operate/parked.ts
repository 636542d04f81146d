import { z } from 'zod'
import { ITEM_COMMAS_MAX, JSON_DEPTH_MAX } from '../../limits.ts'
import type { Grant } from '../../model/access/grant.ts'
import type { Result } from '../../model/result.ts'
import { fail, ok } from '../../model/result.ts'
import { parseShardName } from '../../model/shard-name.ts'
import { refuseOutside, refuseUnlessWhole } from '../http/access.ts'
import { readBody } from '../http/bounded-body.ts'
import { invalid, refuseQuery } from '../http/parameters.ts'
import type { Problem } from '../http/problem.ts'
import { isMonster } from '../ingest/monster.ts'
import type { ParkedAction, Shards } from '../ports.ts'

/** The body of both routes. */
export const decisionSchema = z.strictObject({
  shard: z
    .string()
    .refine((name) => parseShardName(name) !== undefined)
    .meta({ example: '2026-11-21T20Z/0' }),
  keys: z.array(z.string()).min(1).max(10_000).optional().meta({
    description:
      'The keys to retry or discard. Only a retry may omit them, and then takes all parked keys of the shard.',
  }),
})

export const decidedSchema = z.strictObject({
  increments: z
    .int()
    .min(0)
    .meta({ description: 'How many increments are in the cells that were retried or discarded.' }),
})

const FORM =
  'must be such as {"shard":"2026-11-21T20Z/0","keys":["..."]}, where only a retry of all parked keys may omit `keys`'

export type DecidedAnswer = z.infer<typeof decidedSchema>

/**
 * `POST /parked/retry` and `POST /parked/discard`. A discard must name its keys. So must a retry with a token that has
 * a prefix, because the number of increments in all parked cells would reveal something about other keys.
 */
export async function decideParked(
  request: Request,
  action: ParkedAction,
  grant: Grant,
  shards: Pick<Shards, 'decideParked'>,
): Promise<Result<DecidedAnswer, Problem>> {
  const query = refuseQuery(request.url)
  if (query !== undefined) return fail(query)
  const body = await readBody(request)
  if (!body.ok) return body
  const decision = decisionSchema.safeParse(parseBody(body.value))
  if (!decision.success || (action === 'discard' && decision.data.keys === undefined)) {
    return invalid('body', FORM)
  }
  const { shard, keys } = decision.data
  const refused = keys === undefined ? refuseUnlessWhole(grant) : refuseOutside(grant, keys, 'keys')
  if (refused !== undefined) return fail(refused)
  return ok({ increments: await shards.decideParked(shard, action, keys ?? null) })
}

function parseBody(body: ArrayBuffer): unknown {
  try {
    const isTooDeep = isMonster(new Uint8Array(body), JSON_DEPTH_MAX, ITEM_COMMAS_MAX)
    return isTooDeep ? undefined : JSON.parse(new TextDecoder().decode(body))
  } catch {
    // A body that is not JSON is refused like any other wrong body, and one that would take long to parse too.
    return undefined
  }
}
