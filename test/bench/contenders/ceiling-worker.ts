import { DurableObject } from 'cloudflare:workers'
import { clock } from '../../../src/clock.ts'
import { parseConfig } from '../../../src/config.ts'
import { createApp } from '../../../src/edge/app.ts'
import { Coalescer } from '../../../src/edge/coalesce/coalescer.ts'
import type { EdgeServices } from '../../../src/edge/ports.ts'
import type { EntryResult } from '../../../src/model/entry.ts'
import type { MergeAnswer } from '../../../src/model/flight.ts'

/** wrangler.toml names the class; nothing here calls it. */
export class Shard extends DurableObject<object> {}

const nowhere = async (): Promise<never> => {
  throw new Error('the ceiling keeps nothing, so there is nothing to read')
}

/** What a flight ends with that has named entries; the others end with their cells, two brackets. */
const NAMED_END = ']]]]}'

/** Each named entry must have its answer, so flights with any are decoded; the others cost nothing. */
function answer(flight: string): MergeAnswer {
  if (!flight.endsWith(NAMED_END)) return { kind: 'accepted' }
  const { named }: { named: readonly unknown[] } = JSON.parse(flight)
  return { kind: 'accepted', named: new Array<EntryResult>(named.length).fill('accepted') }
}

function createServices(env: object): EdgeServices {
  const config = parseConfig(env)
  return {
    config,
    clock,
    coalescer: new Coalescer({ send: async (_, flight) => answer(flight), clock }),
    readCommitted: nowhere,
    askUnsettled: nowhere,
    readSeries: nowhere,
    askUnsettledUnder: nowhere,
    listCounters: nowhere,
    askSettlement: nowhere,
    askStatus: nowhere,
    decideParked: nowhere,
    readLedger: nowhere,
    wake: async () => {},
    isWithinLimit: async () => true,
    dashboard: { page: '', files: {} },
    answers: { match: nowhere, put: nowhere },
  }
}

let app: ReturnType<typeof createApp> | undefined

/** The production Worker, but what sends a flight answers at once: what no way of keeping increments can exceed. */
export default {
  fetch(request, env, ctx) {
    app ??= createApp(createServices(env))
    return app.fetch(request, env, ctx)
  },
} satisfies ExportedHandler<object>
