import { describe, expect, test } from 'vitest'
import type { Problem } from '../../../src/edge/http/problem.ts'
import { problemResponse, problemSchema } from '../../../src/edge/http/problem-response.ts'

const indexes = { refused: [0], unknown: [2] }

/** Every kind of problem, with the status and the seconds of Retry-After that it is answered with. */
const PROBLEMS: readonly [status: number, retryAfter: string | null, problem: Problem][] = [
  [400, null, { kind: 'malformed_json', fault: { kind: 'cut_off' } }],
  [400, null, { kind: 'malformed_json', fault: { kind: 'not_utf8' } }],
  [400, null, { kind: 'malformed_json', fault: { kind: 'not_json', line: 3, position: 'position 7' } }],
  [400, null, { kind: 'malformed_json', fault: { kind: 'not_json', line: null, position: null } }],
  [415, null, { kind: 'unsupported_media_type', header: 'Content-Type' }],
  [415, null, { kind: 'unsupported_media_type', header: 'Content-Encoding' }],
  [413, null, { kind: 'body_too_large', bytesMax: 4 }],
  [413, null, { kind: 'too_many_items', items: 5, itemsMax: 4 }],
  [414, null, { kind: 'address_too_long', characters: 5, charactersMax: 4 }],
  [413, null, { kind: 'too_many_shards', shards: 5, shardsMax: 4 }],
  [
    422,
    null,
    { kind: 'invalid_increments', errors: [{ index: 1, path: 'key', message: 'must be a string' }], more: 0 },
  ],
  [422, null, { kind: 'invalid_parameter', parameter: 'tz', fault: 'must be a string' }],
  [422, null, { kind: 'invalid_parameter', parameter: 'from', fault: { asked: 9, max: 4, unit: 'buckets' } }],
  [422, null, { kind: 'invalid_parameter', parameter: 'hour', fault: { asked: 9, max: 4, unit: 'shards' } }],
  [503, '2', { kind: 'not_all_counted', ...indexes, canRepeat: true, reasons: ['full'] }],
  [503, null, { kind: 'not_all_counted', ...indexes, canRepeat: false, reasons: ['full', 'closed'] }],
  [422, null, { kind: 'id_conflict' }],
  [503, '2', { kind: 'unavailable', source: 'shard' }],
  [503, '2', { kind: 'unavailable', source: 'postgres' }],
  [503, '2', { kind: 'unavailable', source: 'shard_or_postgres' }],
  [503, '2', { kind: 'unavailable', source: 'flushes' }],
  [503, null, { kind: 'too_slow', read: 'list' }],
  [503, null, { kind: 'too_slow', read: 'search' }],
  [503, null, { kind: 'too_slow', read: 'prefix' }],
  [403, null, { kind: 'closed_to_all' }],
  [401, null, { kind: 'unauthenticated', token: 'missing' }],
  [401, null, { kind: 'unauthenticated', token: 'unknown' }],
  [401, null, { kind: 'unauthenticated', token: 'expired' }],
  [401, null, { kind: 'unauthenticated', token: 'revoked' }],
  [403, null, { kind: 'forbidden', limit: { kind: 'scope', scope: 'read' } }],
  [403, null, { kind: 'forbidden', limit: { kind: 'all_keys', prefix: 'a' } }],
  [403, null, { kind: 'forbidden', limit: { kind: 'keys', prefix: 'a', path: 'key', indexes: [1] } }],
  [403, null, { kind: 'forbidden', limit: { kind: 'depth', depth: 2, prefix: 'a', indexes: [1] } }],
  [403, null, { kind: 'forbidden', limit: { kind: 'depth', depth: 2, prefix: null, indexes: [1] } }],
  [403, null, { kind: 'forbidden', limit: { kind: 'listed_keys', indexes: [1] } }],
  [403, null, { kind: 'forbidden', limit: { kind: 'token_in_address' } }],
  [403, null, { kind: 'forbidden', limit: { kind: 'other_name' } }],
  [403, null, { kind: 'forbidden', limit: { kind: 'other_site' } }],
  [403, null, { kind: 'forbidden', limit: { kind: 'no_key_under', prefix: 'a' } }],
  [429, '2', { kind: 'too_many_requests', retryAfterSeconds: 2 }],
  [500, null, { kind: 'not_configured', where: 'worker', faults: ['SHARDS is wrong'] }],
  [500, null, { kind: 'not_configured', where: 'binding', faults: ['name is wrong'] }],
  [404, null, { kind: 'not_found', missing: { kind: 'route', routes: ['GET /status'] } }],
  [404, null, { kind: 'not_found', missing: { kind: 'key_in_path', base: '/counters/' } }],
  [404, null, { kind: 'not_found', missing: { kind: 'badge' } }],
  [404, null, { kind: 'not_found', missing: { kind: 'dashboard_file' } }],
  [405, null, { kind: 'method_not_allowed', allowed: ['GET', 'POST'] }],
  [500, null, { kind: 'internal' }],
]

async function answered(problem: Problem) {
  const response = problemResponse(problem)
  return { response, details: problemSchema.parse(await response.json()) }
}

describe('a problem', () => {
  test.each(PROBLEMS)(
    'is answered %d, to be tried again in %s seconds: %j',
    async (status, retryAfter, problem) => {
      const { response, details } = await answered(problem)
      expect(response.headers.get('content-type')).toBe('application/problem+json')
      expect([response.status, details.status, response.headers.get('retry-after')]).toEqual([
        status,
        status,
        retryAfter,
      ])
      expect(details.type).toBe(`urn:sumdial:problem:${problem.kind.replaceAll('_', '-')}`)
    },
  )

  test.each(PROBLEMS.map(([, , problem]) => [problem] as const))(
    'is told in whole sentences, with every fact in its place: %j',
    async (problem) => {
      const { detail } = (await answered(problem)).details
      expect(detail).toMatch(/^[A-Z`].*\.$/)
      expect(detail).not.toMatch(/undefined|null|NaN|\[object|\.\./)
    },
  )

  test('[I2] names every bad item', async () => {
    const errors = [{ index: 1, path: 'key', message: 'must be a string' }]
    expect((await answered({ kind: 'invalid_increments', errors, more: 0 })).details.errors).toEqual(errors)
  })

  test('[S2] names every key outside the prefix, by its index', async () => {
    const limit = { kind: 'keys', prefix: 'site/acme', path: 'key', indexes: [0, 2] } as const
    const message = 'must be site/acme, or begin with site/acme/'
    expect((await answered({ kind: 'forbidden', limit })).details.errors).toEqual([
      { index: 0, path: 'key', message },
      { index: 2, path: 'key', message },
    ])
  })

  test('[S2] of very many keys outside the prefix names a hundred, and counts the others', async () => {
    const indexes = Array.from({ length: 10_000 }, (_, i) => i)
    const limit = { kind: 'keys', prefix: 'p'.repeat(400), path: 'key', indexes } as const
    const { details } = await answered({ kind: 'forbidden', limit })
    expect([details.errors?.length, details.more]).toEqual([100, 9_900])
    expect(JSON.stringify(details).length).toBeLessThan(128 * 1024)
  })

  test('challenges who has no known token, and names the methods of a path', async () => {
    const challenge = async (token: 'missing' | 'unknown' | 'expired' | 'revoked') =>
      (await answered({ kind: 'unauthenticated', token })).response.headers.get('www-authenticate')
    expect(await challenge('missing')).toBe('Bearer realm="sumdial"')
    for (const token of ['unknown', 'expired', 'revoked'] as const) {
      expect(await challenge(token)).toBe('Bearer realm="sumdial", error="invalid_token"')
    }
    const { response } = await answered({ kind: 'method_not_allowed', allowed: ['GET', 'POST'] })
    expect(response.headers.get('allow')).toBe('GET, POST')
  })
})
