import { DurableObject } from 'cloudflare:workers'
import { clock } from '../../../src/clock.ts'
import { parseConfig } from '../../../src/config.ts'
import { createApp } from '../../../src/edge/app.ts'
import type { Ports } from '../../../src/edge/ports.ts'
import { log } from '../../../src/log.ts'
import type { EntryResult } from '../../../src/model/entry.ts'
import type { MergeAnswer } from '../../../src/model/flight.ts'

/** wrangler.toml names the class; nothing here calls it. */
export class Shard extends DurableObject<object> {}

const nowhere = async (): Promise<never> => {
  throw new Error('the ceiling keeps nothing, so there is nothing to read')
}

/** The end of a flight that has named entries. Other flights end with their cells, two brackets. */
const NAMED_END = ']]]]}'

/** Each named entry needs an answer of its own, so a flight with any is decoded; other flights cost nothing. */
function answer(flight: string): MergeAnswer {
  if (!flight.endsWith(NAMED_END)) return { kind: 'accepted' }
  const { named }: { named: readonly unknown[] } = JSON.parse(flight)
  return { kind: 'accepted', named: new Array<EntryResult>(named.length).fill('accepted') }
}

function portsOf(env: object): Ports {
  return {
    config: parseConfig(env),
    clock,
    log,
    shards: {
      merge: async (_, flight) => answer(flight),
      unsettled: nowhere,
      unsettledGroups: nowhere,
      unsettledSum: nowhere,
      settlement: nowhere,
      status: nowhere,
      admitHit: nowhere,
      decideParked: nowhere,
      wake: async () => {},
      notify: nowhere,
    },
    database: {
      readCommitted: nowhere,
      readSeries: nowhere,
      readGroups: nowhere,
      firstHour: nowhere,
      list: nowhere,
      listLabels: nowhere,
      ledgerOf: nowhere,
      prune: nowhere,
      stragglers: nowhere,
      sealAll: nowhere,
      withRollups: nowhere,
      daysStanding: nowhere,
      deleteBefore: nowhere,
      bringUpSchema: nowhere,
      readSeen: nowhere,
      writeSeen: nowhere,
    },
    rateLimit: undefined,
    hitLimit: undefined,
    countOutcome: undefined,
    cache: { match: nowhere, put: nowhere },
    dashboard: { page: '', files: {} },
    uploadedMs: undefined,
  }
}

let app: ReturnType<typeof createApp> | undefined

/** The production Worker, but a flight is answered at once: no way of keeping increments can be faster. */
export default {
  fetch(request, env, ctx) {
    app ??= createApp(portsOf(env))
    return app.fetch(request, env, ctx)
  },
} satisfies ExportedHandler<object>
