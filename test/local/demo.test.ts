import { createServer, type RequestListener } from 'node:http'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createClient } from '../../src/client/index.ts'
import { incrementSchema } from '../../src/edge/ingest/check.ts'
import { UsageError } from '../../src/local/cli.ts'
import { chanceOf, countOf } from '../../src/local/demo/chance.ts'
import { LookRefused, looker } from '../../src/local/demo/look.ts'
import { parseOptions } from '../../src/local/demo/options.ts'
import { type DemoProgress, runDemo } from '../../src/local/demo/run.ts'
import { KEYS, keyAt, pastHour, rhythm, trafficOf } from '../../src/local/demo/traffic.ts'
import { hourOf } from '../../src/model/hour.ts'
import { listenLocally } from '../support/listen.ts'

const HOUR = 3_600_000
const MONDAY = Date.UTC(2026, 10, 23)
const traffic = (seed: number, rate = 20) => ({ rate, offsetMs: 0, chance: chanceOf(seed) })

describe('the demo', () => {
  test('has the traffic of its seed, and of no other', () => {
    const of = (seed: number) => trafficOf(MONDAY + 10 * HOUR, 10_000, traffic(seed))
    expect(of(1)).toEqual(of(1))
    expect(of(1)).not.toEqual(of(2))
  })

  test('counts what the API takes, in its time, some at the rate that was asked for', () => {
    const items = Array.from({ length: 24 }, (_, h) =>
      trafficOf(MONDAY + h * HOUR, 60_000, traffic(h + 1)),
    ).flat()
    expect(items.filter((item) => !incrementSchema.safeParse(item).success)).toEqual([])
    expect(items.length / (24 * 60)).toBeGreaterThan(14)
    expect(items.length / (24 * 60)).toBeLessThan(26)
  })

  test('has a daily rhythm: quiet at night, busy by day, less at the weekend', () => {
    expect(rhythm(MONDAY + 11 * HOUR)).toBeGreaterThan(3 * rhythm(MONDAY + 3 * HOUR))
    expect(rhythm(MONDAY - 24 * HOUR + 11 * HOUR)).toBeLessThan(rhythm(MONDAY + 11 * HOUR))
  })

  test('has a few popular keys and a long tail', () => {
    const chance = chanceOf(3)
    const counts = new Map<string, number>()
    for (let i = 0; i < 20_000; i++) {
      const key = keyAt(chance())
      counts.set(key, (counts.get(key) ?? 0) + 1)
    }
    const sorted = [...counts.values()].toSorted((a, b) => b - a)
    const top = sorted.slice(0, 10).reduce((a, b) => a + b, 0)
    expect(top / 20_000).toBeGreaterThan(0.3)
    expect(counts.size).toBeGreaterThan(KEYS.length * 0.9)
  })

  test('fills an hour of the past alike each time, so that it counts once', () => {
    const hour = hourOf(MONDAY + 10 * HOUR)
    const items = pastHour(hour, traffic(5))
    expect(items).toEqual(pastHour(hour, traffic(5)))
    expect(items.every(({ id, at }) => id === 'demo' && hourOf(at) === hour)).toBe(true)
    const sum = items.reduce((total, { value }) => total + value, 0)
    expect(sum / 3600 / (20 * rhythm(MONDAY + 10.5 * HOUR))).toBeCloseTo(1, 0)
  })

  test.each([0.3, 5, 80])('how many come is about what is expected: %d', (expected) => {
    const chance = chanceOf(9)
    const counts = Array.from({ length: 2_000 }, () => countOf(expected, chance))
    expect(counts.reduce((a, b) => a + b, 0) / 2_000 / expected).toBeCloseTo(1, 0)
  })

  test.each([
    [['--rate', '0'], '--rate must be a whole number from 1 to 5000, not `0`.'],
    [['--rate', '2.5'], 'not `2.5`'],
    [['--for', '10'], '--for must be'],
    [['--past', '-1'], '--past'],
    [['--url', 'nowhere'], '--url must be an http or https address, not `nowhere`.'],
    [['--fast'], 'There is no option `--fast`'],
  ])('called wrongly says so: %j', (args, words) => {
    expect(() => parseOptions(args, {})).toThrow(UsageError)
    expect(() => parseOptions(args, {})).toThrow(words)
  })

  test('is told how long, by whom, and where', () => {
    const env = { SUMDIAL_TOKEN: 't', SUMDIAL_URL: 'https://a.test' }
    const options = parseOptions(['--for', '10m', '--rate', '5'], env)
    expect(options).toMatchObject({ forMs: 600_000, rate: 5, token: 't', url: new URL('https://a.test') })
    expect(parseOptions([], {})).toMatchObject({ forMs: null, pastHours: 48, token: undefined })
  })
})

/** Something at an address of this machine that answers so. @returns what the demo is called with there. */
async function optionsAt(listener: RequestListener) {
  const server = createServer(listener)
  const port = await listenLocally(server)
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return parseOptions(['--url', `http://127.0.0.1:${port}`], {})
}

const NONE = JSON.stringify({ from: '', to: '', items: [], nextCursor: null, lastFlushAt: null })

describe('the demo, at a Worker', () => {
  test.each([
    [401, 'This token is not known here.', /This token is not known here\. .*SUMDIAL_TOKEN/],
    [403, 'It may write.', /It may write\. Pass a token that may read demo\/\.$/],
    [503, 'Postgres could not be asked.', /Postgres could not be asked\.$/],
  ])('that says %d to its look in Postgres, says why', async (status, detail, words) => {
    const { url } = await optionsAt((_, response) =>
      response
        .writeHead(status, { 'content-type': 'application/problem+json' })
        .end(JSON.stringify({ title: 'No', detail })),
    )
    const looking = looker(createClient({ url }))
    await expect(looking).rejects.toThrow(LookRefused)
    await expect(looking).rejects.toThrow(words)
  })

  test('counts what demo/ has gained in all its groups', async () => {
    let count = 5
    const { url } = await optionsAt((_, response) => {
      const item = (key: string) => ({ key, sum: 1, count, min: 1, max: 1, keys: 1, isKey: false })
      const list = { from: '', to: '', items: [item('demo/a'), item('demo/b')], nextCursor: null }
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(list))
    })
    const look = await looker(createClient({ url }))
    count = 12
    expect(await look()).toBe(14)
  })

  test('is ended by Ctrl-C while it fills the past, and counts nothing of now', async () => {
    const interrupt = new AbortController()
    let posts = 0
    const options = await optionsAt((request, response) => {
      const json = { 'content-type': 'application/json' }
      if (request.method === 'GET') return void response.writeHead(200, json).end(NONE)
      posts += 1
      if (posts === 3) interrupt.abort()
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const accepted = JSON.parse(Buffer.concat(chunks).toString()).length
        response.writeHead(202, json).end(JSON.stringify({ accepted, duplicates: 0, conflicts: [] }))
      })
    })
    const said: string[] = []
    const progress: DemoProgress = { sent: 0, acknowledged: 0, visible: 0, trouble: '' }
    const say = (text: string) => void said.push(text)
    expect(await runDemo({ options, progress, interrupt: interrupt.signal, say })).toBe(true)
    expect([posts, progress.sent, said]).toEqual([3, 0, ['3 hours of the past filled; no more: interrupted']])
  })
})
