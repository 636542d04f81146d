import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { passOnLog } from '../../../src/local/dev/worker-log.ts'

async function passedOn(log: string): Promise<string> {
  const [from, to] = [new PassThrough(), new PassThrough()]
  passOnLog(from, to, () => undefined)
  from.end(log)
  from.on('close', () => setImmediate(() => to.end()))
  return text(to)
}

const FAILED = "{\n  message: 'flush failed',\n  ms: 7\n}\n"
const FLUSHED = "{\n  message: 'flushed',\n  outcome: 'applied',\n  ms: 7\n}\n"
const RETIRED = "{ message: 'retired', shard: '2026-11-21T20Z/0' }\n"

test('what the Worker logs is passed on, but not that a flush went well', async () => {
  expect(await passedOn(FAILED + FLUSHED + RETIRED + FLUSHED + FLUSHED + FAILED)).toBe(
    FAILED + RETIRED + FAILED,
  )
})

test("what wrangler says is not, but for its warnings, whose objects are the Worker's", async () => {
  const warned = "▲ [WARNING] {\n    message: 'flush failed',\n    ms: 7\n  }\n"
  expect(await passedOn(`[wrangler:info] GET /status 200 OK\n\n${warned}`)).toBe(warned)
})
