import { describe, expect, test } from 'vitest'
import { ROUTES } from '../../src/edge/routes.ts'
import { SCOPES } from '../../src/model/access/grant.ts'
import { must } from '../../src/model/assert.ts'
import { env, freshKey, ownShard } from './support.ts'
import { type Answered, ask, bodyOf, envWith, postJson, sha256, type TestToken, textOf } from './tokens.ts'

/**
 * The status that each token gets for each request. Where there are two statuses, the first is for keys under `site/acme`, the
 * second for others. A 422 is for a negative value or events without a meter, a 404 for what is not there, a 405 for another method.
 */
const TABLE = `
  token           | increment | negative | counters | in path | list    | series  | session | sign in | hour    | status | metrics | retry   | retry all | discard | nothing | method | hit     | beacon | records | otlp | labels  | events | v1 events | hook | v1 hook
  none            | 401       | 401      | 401      | 401     | 401     | 401     | 401     | 401     | 401     | 401    | 401     | 401     | 401       | 401     | 401     | 401    | 401     | 401 | 401     | 401 | 401     | 401    | 401       | 401  | 401
  unknown         | 401       | 401      | 401      | 401     | 401     | 401     | 401     | 401     | 401     | 401    | 401     | 401     | 401       | 401     | 401     | 401    | 401     | 401 | 401     | 401 | 401     | 401    | 401       | 401  | 401
  write@acme      | 202 403   | 422      | 403      | 403     | 403     | 403     | 200     | 403     | 403     | 403    | 403     | 403     | 403       | 403     | 404     | 405    | 403     | 403 | 202     | 200 | 403     | 422    | 422       | 200  | 200
  adjust@acme     | 403       | 403      | 403      | 403     | 403     | 403     | 200     | 403     | 403     | 403    | 403     | 403     | 403       | 403     | 404     | 405    | 403     | 403 | 403     | 403 | 403     | 403    | 403       | 403  | 403
  correct@acme    | 202 403   | 202 403  | 403      | 403     | 403     | 403     | 200     | 403     | 403     | 403    | 403     | 403     | 403       | 403     | 404     | 405    | 403     | 403 | 202     | 200 | 403     | 422    | 422       | 200  | 200
  read@acme       | 403       | 403      | 200 403  | 200 403 | 200 403 | 200 403 | 200     | 200     | 200     | 403    | 403     | 403     | 403       | 403     | 404     | 405    | 403     | 403 | 403     | 403 | 200 403 | 403    | 403       | 403  | 403
  admin@acme      | 403       | 403      | 403      | 403     | 403     | 403     | 200     | 403     | 403     | 403    | 403     | 200 403 | 403       | 200 403 | 404     | 405    | 403     | 403 | 403     | 403 | 403     | 403    | 403       | 403  | 403
  hit@acme        | 403       | 403      | 403      | 403     | 403     | 403     | 200     | 403     | 403     | 403    | 403     | 403     | 403       | 403     | 404     | 405    | 200 403 | 204 403 | 403     | 403 | 403     | 403    | 403       | 403  | 403
  all@acme        | 202 403   | 202 403  | 200 403  | 200 403 | 200 403 | 200 403 | 200     | 200     | 200     | 403    | 403     | 200 403 | 403       | 200 403 | 404     | 405    | 403     | 403 | 202     | 200 | 200 403 | 422    | 422       | 200  | 200
  write           | 202       | 422      | 403      | 403     | 403     | 403     | 200     | 403     | 403     | 403    | 403     | 403     | 403       | 403     | 404     | 405    | 403     | 403 | 202     | 200 | 403     | 422    | 422       | 200  | 200
  correct         | 202       | 202      | 403      | 403     | 403     | 403     | 200     | 403     | 403     | 403    | 403     | 403     | 403       | 403     | 404     | 405    | 403     | 403 | 202     | 200 | 403     | 422    | 422       | 200  | 200
  read            | 403       | 403      | 200      | 200     | 200     | 200     | 200     | 200     | 200     | 200    | 200     | 403     | 403       | 403     | 404     | 405    | 403     | 403 | 403     | 403 | 200     | 403    | 403       | 403  | 403
  admin           | 403       | 403      | 403      | 403     | 403     | 403     | 200     | 403     | 403     | 403    | 403     | 200     | 200       | 200     | 404     | 405    | 403     | 403 | 403     | 403 | 403     | 403    | 403       | 403  | 403
  all             | 202       | 202      | 200      | 200     | 200     | 200     | 200     | 200     | 200     | 200    | 200     | 200     | 200       | 200     | 404     | 405    | 403     | 403 | 202     | 200 | 200     | 422    | 422       | 200  | 200`

const ACME = 'site/acme'
const UNDER = [ACME, `${ACME}/x`]
const OTHERS = [`${ACME}-corp`, 'site', 'other']

/** A token with `hit` has no other scope. */
const ALL = SCOPES.filter((scope) => scope !== 'hit')

const TOKENS: Record<string, TestToken> = {
  'write@acme': { scopes: ['write'], prefix: ACME },
  'adjust@acme': { scopes: ['adjust'], prefix: ACME },
  'correct@acme': { scopes: ['write', 'adjust'], prefix: ACME },
  'read@acme': { scopes: ['read'], prefix: ACME },
  'admin@acme': { scopes: ['admin'], prefix: ACME },
  'hit@acme': { scopes: ['hit'], prefix: ACME },
  'all@acme': { scopes: ALL, prefix: ACME },
  write: { scopes: ['write'] },
  correct: { scopes: ['write', 'adjust'] },
  read: { scopes: ['read'] },
  admin: { scopes: ['admin'] },
  all: { scopes: ALL },
}

type Ask = {
  readonly route: string
  readonly path: (key: string) => string
  readonly init: (key: string) => RequestInit
  /** Keys that are not under the prefix, when not all of OTHERS. */
  readonly others?: readonly string[]
}

const shard = ownShard()
const get = { method: 'GET' }

/** Events of no meter, so whoever may count is told just that. */
const NO_EVENTS = postJson('[]', { 'content-type': 'application/cloudevents-batch+json' })

const HOOK = { method: 'OPTIONS', headers: { 'webhook-request-origin': 'eventemitter.test' } }

/** The requests of the table's columns, and the routes that they take. */
const ASKS: Record<string, Ask> = {
  increment: {
    route: 'POST /increment',
    path: () => '/increment',
    init: (key) => postJson({ key, at: shard.at }),
  },
  negative: {
    route: 'POST /increment',
    path: () => '/increment',
    init: (key) => postJson({ key, value: -1, at: shard.at }),
  },
  counters: { route: 'GET /counters', path: (key) => `/counters?key=${key}`, init: () => get },
  'in path': { route: 'GET /counters/*', path: (key) => `/counters/${key}`, init: () => get },
  // Of a prefix above its own, such as `site/`, a token gets what is its own.
  list: {
    route: 'GET /keys',
    path: (key) => `/keys?prefix=${key}/`,
    init: () => get,
    others: [`${ACME}-corp`, 'other'],
  },
  series: {
    route: 'GET /counters',
    path: (key) => `/counters?prefix=${key}/&bucket=day`,
    init: () => get,
    others: [`${ACME}-corp`, 'other'],
  },
  session: { route: 'GET /session', path: () => '/session', init: () => get },
  'sign in': { route: 'POST /session', path: () => '/session', init: () => ({ method: 'POST' }) },
  hour: { route: 'GET /hours/:hour', path: () => `/hours/${shard.hour}`, init: () => get },
  status: { route: 'GET /status', path: () => '/status', init: () => get },
  metrics: { route: 'GET /metrics', path: () => '/metrics', init: () => get },
  retry: {
    route: 'POST /parked/retry',
    path: () => '/parked/retry',
    init: (key) => postJson({ shard: shard.name, keys: [ACME, key] }),
  },
  'retry all': {
    route: 'POST /parked/retry',
    path: () => '/parked/retry',
    init: () => postJson({ shard: shard.name }),
  },
  discard: {
    route: 'POST /parked/discard',
    path: () => '/parked/discard',
    init: (key) => postJson({ shard: shard.name, keys: [ACME, key] }),
  },
  nothing: { route: '', path: () => '/nothing', init: () => get },
  method: { route: '', path: () => '/status', init: () => ({ method: 'DELETE' }) },
  hit: { route: 'GET /hit/*', path: (key) => `/hit/${key}`, init: () => get },
  beacon: { route: 'POST /hit/*', path: (key) => `/hit/${key}`, init: () => ({ method: 'POST' }) },
  records: {
    route: 'POST /records',
    path: (key) => `/records?key=${key}&at={at}`,
    init: () => postJson([{ at: shard.at }]),
  },
  // A request with nothing in it: test/workerd/otlp.test.ts has keys.
  otlp: { route: 'POST /v1/metrics', path: () => '/v1/metrics', init: () => postJson({}) },
  labels: { route: 'GET /labels', path: (key) => `/labels?key=${key}`, init: () => get },
  events: { route: 'POST /events', path: () => '/events', init: () => NO_EVENTS },
  'v1 events': { route: 'POST /api/v1/events', path: () => '/api/v1/events', init: () => NO_EVENTS },
  hook: { route: 'OPTIONS /events', path: () => '/events', init: () => HOOK },
  'v1 hook': { route: 'OPTIONS /api/v1/events', path: () => '/api/v1/events', init: () => HOOK },
}

const [columns = [], ...rows] = TABLE.trim()
  .split('\n')
  .map((line) => line.split('|').map((cell) => cell.trim()))

type Cell = { readonly token: string; readonly name: string; readonly under: number; readonly others: number }

const CELLS = rows.flatMap(([token = '', ...cells]) =>
  cells.map((cell, i): Cell => {
    const [under = 0, others = under] = cell.split(' ').map(Number)
    return { token, name: columns[i + 1] ?? '', under, others }
  }),
)

/** Routes for everyone, such as /docs, are tested in docs.test.ts. */
const routes = ROUTES.filter(({ needs }) => needs !== 'nothing')
const worker = await envWith(TOKENS)

function askFor(key: string, name: string, token: string): Promise<Response> {
  const { path, init } = ASKS[name] ?? { path: () => '', init: () => get }
  return ask(worker, token === 'none' ? undefined : token, path(key), init(key))
}

/** The sentence of a problem, which OTLP has in a field of another name. */
function toldIn(body: Answered): string {
  return body.detail ?? String(body['message'])
}

/** The sentence by which a refusal says what is needed. */
function neededBy(name: string, token: string): RegExp {
  const scope = routes.find(({ method, path }) => `${method} ${path}` === ASKS[name]?.route)?.needs
  const hasScope = TOKENS[token]?.scopes.some((each) => each === scope)
  return hasScope ? /limited to .*`site\/acme`/ : new RegExp(`scope \`${scope}\``)
}

/** All keys where they differ, and otherwise one of each kind. */
function keysFor({ name, under, others }: Cell): readonly string[] {
  const [foreign, ...more] = ASKS[name]?.others ?? OTHERS
  return under === others ? [ACME, must(foreign, 'a key')] : [...UNDER, must(foreign, 'a key'), ...more]
}

describe('the table of access', () => {
  test('has every token and every route', () => {
    expect(rows.map(([token]) => token)).toEqual(['none', 'unknown', ...Object.keys(TOKENS)])
    expect(columns.slice(1)).toEqual(Object.keys(ASKS))
    const known = new Set(routes.map(({ method, path }) => `${method} ${path}`))
    expect(new Set(Object.values(ASKS).flatMap(({ route }) => route || []))).toEqual(known)
  })

  test.each(CELLS)('[S2] $token asks $name: $under, and for other keys $others', async (cell) => {
    const { token, name, under, others } = cell
    const before = (await shard.stub.status()).accepted
    let counted = 0
    for (const key of keysFor(cell)) {
      const response = await askFor(key, name, token)
      const body = await bodyOf(response)
      const expected = UNDER.includes(key) ? under : others
      expect(response.status, `${key}: ${JSON.stringify(body)}`).toBe(expected)
      if (expected === 403) expect(toldIn(body)).toMatch(neededBy(name, token))
      // A delivery in a foreign format takes the good records of others' too. [N2]
      if (expected === 202 && (UNDER.includes(key) || TOKENS[token]?.prefix === undefined)) counted++
    }
    expect((await shard.stub.status()).accepted - before).toBe(counted)
  })
})

describe('every route of the app', () => {
  const each = routes.map(({ method, path, needs }) => ({
    method,
    path: path.replace('*', 'a').replace(':hour', '2026-11-21T20Z'),
    scope: needs,
  }))
  const initOf = (method: string) => (method === 'POST' ? postJson({}) : { method })

  test.each(each)(
    '[S1] $method $path is refused where there are no tokens, with what to do',
    async ({ method, path }) => {
      for (const none of [
        { API_TOKENS: undefined },
        { API_TOKENS: '[]' },
        { DEV_ACCESS: 'open', API_TOKENS: '[]' },
      ]) {
        const response = await ask(await envWith({}, none), 'all', path, initOf(method))
        expect(response.status).toBe(403)
        expect(toldIn(await bodyOf(response))).toMatch(/npm run token.*wrangler secret put API_TOKENS/)
      }
    },
  )

  test.each(each.filter(({ scope }) => scope !== 'token'))(
    '[S2] $method $path takes the scope $scope, whatever others there are',
    async ({ method, path, scope }) => {
      const others = ALL.filter((other) => other !== scope)
      const response = await ask(await envWith({ t: { scopes: others } }), 't', path, initOf(method))
      const told = toldIn(await bodyOf(response))
      expect([response.status, told]).toEqual([403, `Requires scope \`${scope}\`.`])
    },
  )
})

describe('a token', () => {
  test('that is missing, or of another scheme, is asked for', async () => {
    for (const authorization of [undefined, 'Basic d3JpdGU=', 'Digest d3JpdGU6', 'Bearer', textOf('write')]) {
      const headers = authorization === undefined ? {} : { authorization }
      const response = await ask(worker, undefined, '/status', { headers })
      expect(response.status).toBe(401)
      expect(response.headers.get('www-authenticate')).toBe('Bearer realm="sumdial"')
      expect((await problemOf(response)).detail).toContain('Authorization: Bearer')
    }
  })

  test('that is not known, or nearly known, or the hash of a known one, is told so', async () => {
    const text = textOf('read')
    for (const token of ['x', text.slice(1), `${text}x`, text.toUpperCase(), await sha256(text)]) {
      const response = await ask(worker, undefined, '/status', {
        headers: { authorization: `Bearer ${token}` },
      })
      expect(response.status).toBe(401)
      expect(response.headers.get('www-authenticate')).toBe('Bearer realm="sumdial", error="invalid_token"')
    }
  })

  test('stands behind its scheme in any case', async () => {
    for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
      const headers = { authorization: `${scheme} ${textOf('read')}` }
      expect((await ask(worker, undefined, '/status', { headers })).status).toBe(200)
    }
  })

  test('[S1] counts on a Worker that dev opens too, once there are any', async () => {
    const opened = await envWith(TOKENS, { DEV_ACCESS: 'open' })
    expect((await ask(opened, undefined, '/status')).status).toBe(401)
    expect((await ask(opened, 'read', '/status')).status).toBe(200)
  })

  test('[S2] nobody adjusts on a Worker that dev opens', async () => {
    const response = await ask(env, undefined, '/increment', postJson({ key: freshKey(), value: -1 }))
    expect(response.status).toBe(422)
  })
})

describe('a prefix', () => {
  test('[S2] [I2] refuses a request with any key outside it whole, and names every one', async () => {
    const { at, stub } = ownShard()
    const keys = [ACME, 'other', `${ACME}/x`, `${ACME}-corp`, 'site']
    const response = await ask(worker, 'write@acme', '/increment', postJson(keys.map((key) => ({ key, at }))))
    expect(response.status).toBe(403)
    const { errors = [] } = await problemOf(response)
    expect(errors.map(({ index, path }) => [index, path])).toEqual([
      [1, 'key'],
      [3, 'key'],
      [4, 'key'],
    ])
    expect((await stub.status()).accepted).toBe(0)
  })

  test('[S2] refuses a decision on parked cells with any key outside it, and names every one', async () => {
    const body = { shard: shard.name, keys: ['other', ACME, `${ACME}-corp`] }
    const { status, errors = [] } = await problemOf(
      await ask(worker, 'admin@acme', '/parked/discard', postJson(body)),
    )
    expect(status).toBe(403)
    expect(errors.map(({ index, path }) => [index, path])).toEqual([
      [0, 'keys'],
      [2, 'keys'],
    ])
  })
})

describe('an Idempotency-Key', () => {
  const send = async (token: string, key: string, item: object) => {
    const response = await ask(worker, token, '/increment', postJson(item, { 'idempotency-key': key }))
    return { status: response.status, body: await bodyOf(response) }
  }

  test('[I3] is one name for each token: two that choose the same never meet', async () => {
    const { at, stub } = ownShard()
    const item = { key: ACME, at }
    for (const token of ['write', 'write@acme', 'correct']) {
      expect(await send(token, 'daily', item)).toMatchObject({ status: 202, body: { accepted: 1 } })
      expect(await send(token, 'daily', item)).toMatchObject({
        status: 202,
        body: { accepted: 0, duplicates: 1 },
      })
    }
    // Other content under a name of another's is no conflict.
    expect(await send('all', 'daily', { ...item, value: 7 })).toMatchObject({ body: { accepted: 1 } })
    expect(await send('all', 'daily', item)).toMatchObject({ status: 422 })
    expect(await stub.status()).toMatchObject({ accepted: 4, ids: 4 })
  })
})

async function problemOf(response: Response) {
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  return { status: response.status, ...(await bodyOf(response)) }
}
