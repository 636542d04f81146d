import type { Env } from '../../../src/index.ts'
import worker from '../../../src/index.ts'
import type { KeyedCell } from '../../../src/model/cell.ts'
import { cellOf } from '../../../src/model/cell.ts'
import { Cells } from '../../../src/model/cells.ts'
import { encodeFlight } from '../../../src/model/flight.ts'
import { hourOf } from '../../../src/model/hour.ts'
import { shardsOf } from '../../../src/model/shard-name.ts'
import type { FlightsAsked, FlightsTaken } from '../shard/flights.ts'

export { Shard, Sumdial } from '../../../src/index.ts'

/** Beside what the production Worker does, it calls the hour's one shard as so many isolates would. */
export default {
  ...worker,
  async fetch(request: Request<unknown, IncomingRequestCfProperties>, env: Env, ctx: ExecutionContext) {
    if (new URL(request.url).pathname !== '/flights') return worker.fetch(request, env, ctx)
    return Response.json(await sendFlights(env, await request.json<FlightsAsked>()))
  },
}

/** Each sender has one flight in the air, as an isolate's coalescer has. */
async function sendFlights(env: Env, { senders, cells, seconds }: FlightsAsked): Promise<FlightsTaken> {
  const [shard = ''] = shardsOf(hourOf(Date.now()), [{ from: hourOf(0), value: 1 }])
  const carried = Array.from(
    { length: cells },
    (_, i): KeyedCell => [`site/example.com/page-${i}`, cellOf(1)],
  )
  const untilMs = Date.now() + seconds * 1_000
  const took: number[] = []
  const sender = async () => {
    const name = crypto.randomUUID()
    for (let n = 1; Date.now() < untilMs; n++) {
      const beganMs = performance.now()
      const answer = await env.SHARD.getByName(shard).merge(
        encodeFlight({ sender: name, n }, Cells.of(carried)),
      )
      if (answer.kind !== 'accepted') throw new Error(`a flight was ${answer.reason}`)
      took.push(performance.now() - beganMs)
    }
  }
  await Promise.all(Array.from({ length: senders }, sender))
  took.sort((a, b) => a - b)
  return { flights: took.length, medianMs: took[took.length >> 1] ?? 0 }
}
