import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { receiveRecords } from '../../../../src/edge/ingest/formats/records.ts'
import { FormatStage, WRITER } from './format-stage.ts'

/** The blocks of docs/meters.md that are values of METERS. */
const blocks = Array.from(
  readFileSync(join(import.meta.dirname, '../../../../docs/meters.md'), 'utf8').matchAll(
    /```json\n([\s\S]*?)```/g,
  ),
  ([, json = '']) => json,
)

/** Requests as real clients sent them, next to the project, where there are any. */
const CAPTURES = join(import.meta.dirname, '../../../../../shared/data/captures')

/** When the captures were made. Their times are then in open hours. */
const CAPTURED = Date.parse('2026-11-30T01:00:00Z')

function captured(name: string): { body: Uint8Array; headers: Record<string, string> } {
  const raw = readFileSync(join(CAPTURES, name))
  const end = raw.indexOf('\r\n\r\n')
  const lines = raw.subarray(0, end).toString('latin1').split('\r\n').slice(1)
  const all = lines.map((line) => line.split(/: (.*)/s, 2).map((text) => text.trim()) as [string, string])
  const kept = all.filter(([name_]) => /^content-(type|encoding)$/i.test(name_))
  return { body: new Uint8Array(raw.subarray(end + 4)), headers: Object.fromEntries(kept) }
}

async function count(capture: string, query: string) {
  const stage = new FormatStage(receiveRecords, { meters: blocks.at(-1) ?? '' })
  const { body, headers } = captured(capture)
  const options = { path: `/records?${query}`, nowMs: CAPTURED }
  const answers = []
  for (const _ of [1, 2]) {
    answers.push((await (await stage.post(body, headers, WRITER, options)).json()) as Record<string, unknown>)
  }
  const [first, again] = answers
  return { sums: stage.sums, first, again }
}

test('the meters in the docs are good', () => {
  expect(blocks.length).toBeGreaterThan(1)
  for (const block of blocks) expect(() => new FormatStage(receiveRecords, { meters: block })).not.toThrow()
})

describe.skipIf(!existsSync(CAPTURES))('a request as a real client sent it', () => {
  test.each<[string, string, Record<string, number>]>([
    [
      'handmade-logpush-gzip-ndjson.http',
      'meter=logpush',
      { 'requests/example.com/': 1, 'requests/example.com/pricing': 1 },
    ],
    ['handmade-fluentbit-http-json.http', 'meter=fluentbit', { 'requests/': 1, 'requests/pricing': 1 }],
    [
      'handmade-fluentbit-http-json_lines-gzip.http',
      'meter=fluentbit',
      { 'requests/': 1, 'requests/pricing': 1 },
    ],
    ['segment.http', 'meter=segment', { 'segment/Order Completed': 2 }],
    ['posthog.http', 'meter=posthog', { 'posthog/page view': 2 }],
    ['syslog-ng-http.http', 'key={key}', { 'syslog/test': 3 }],
    ['winston-http.http', 'key=log/{level}', { 'log/info': 2 }],
    ['collectd-write_http.http', 'key=collectd/{host}/{plugin}&at={time}', { 'collectd/host1/load': 3 }],
  ])('[N1] %s counts once by ?%s', async (capture, query, sums) => {
    const counted = await count(capture, query)
    expect(counted.sums).toEqual(sums)
    expect(counted.first).toMatchObject({ duplicates: 0, refused: 0 })
    expect(counted.again).toMatchObject({ accepted: 0, duplicates: counted.first?.['accepted'] })
  })
})
