import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { openApiDocument } from '../../src/edge/routes.ts'
import { formatHour, hourOf } from '../../src/model/hour.ts'
import { type Stand, startStand } from '../postgres/stand.ts'
import { bundle } from '../support/bundled.ts'
import { type Served, serve } from '../support/served.ts'

const run = promisify(execFile)
const MODULES = join(import.meta.dirname, '../../node_modules')
const DOCUMENT = openApiDocument('http://127.0.0.1')

const HOUR = formatHour(hourOf(Date.now()))

/** Calls as somebody writes them who has the generated client and an editor, with the status of each answer. */
const CALLS: readonly (readonly [operation: string, args: string, status: number])[] = [
  ['increment', "{ key: 'a/b', labels: { model: 'm' } }", 202],
  ['increment', '[{ key: "a/c", value: 2, at: Date.now(), id: "x" }]', 202],
  ['increment', '[{ key: "a/c", value: 2, at: Date.now() }], { idempotencyKey: "y" }', 202],
  ['countRecords', "'{}', { key: 'a/d' }", 202],
  ['exportMetrics', '{}', 200],
  [
    'sendEvents',
    "{ specversion: '1.0', id: '1', source: 's', type: 't', time: new Date().toISOString() }",
    204,
  ],
  [
    'sendEventsAsOpenMeter',
    "[{ specversion: '1.0', id: '2', source: 's', type: 't', time: new Date().toISOString() }]",
    204,
  ],
  ['readCounters', "{ key: ['a/b', 'a/c'], bucket: 'day', tz: 'Europe/Berlin' }", 200],
  ['readCounters', "{ prefix: 'a/', bucket: 'day', $from: '2026-11-01' }", 200],
  ['readCounter', "'a/b', { consistency: 'committed' }", 200],
  ['readCounter', "'a/b', { range: 'all' }", 200],
  ['readCounter', "'a/b', { by: 'model', range: 'this-month', compare: 'previous' }", 200],
  ['listKeys', "'a/', { sort: '-sum', limit: 10, range: 'last-month', tz: 'Asia/Kolkata' }", 200],
  ['listLabels', "{ key: 'a/b' }", 200],
  ['readHour', `'${HOUR}'`, 200],
  ['status', '', 200],
  ['metrics', '', 200],
  ['retryParked', `{ shard: '${HOUR}/0' }`, 200],
  ['discardParked', `{ shard: '${HOUR}/0', keys: ['a'] }`, 200],
]

const PROGRAM = `
import * as sumdial from './client.ts'
export const { defaults } = sumdial
export const calls = [
${CALLS.map(([operation, args]) => `  () => sumdial.${operation}(${args}),`).join('\n')}
]
export const wrong = [
  // @ts-expect-error a key is a text
  () => sumdial.increment({ key: 7 }),
  // @ts-expect-error a range has one of the names
  () => sumdial.readCounters({ key: ['a'], range: '90d' }),
]
`

type Program = {
  readonly defaults: { baseUrl: string }
  readonly calls: readonly (() => Promise<{ status: number; data: unknown }>)[]
}

const OPTIONS = {
  strict: true,
  skipLibCheck: true,
  rewriteRelativeImportExtensions: true,
  target: 'es2022',
  module: 'nodenext',
  lib: ['es2022', 'dom', 'dom.iterable'],
  types: [],
}

let dir: string
let stand: Stand
let served: Served

beforeAll(async () => {
  // Beside the packages that the generated code imports.
  dir = await mkdtemp(join(MODULES, '.generated-client-'))
  await writeFile(join(dir, 'package.json'), '{ "type": "module" }')
  await writeFile(join(dir, 'openapi.json'), JSON.stringify(DOCUMENT))
  await run(process.execPath, [join(MODULES, 'oazapfts/dist/cli.js'), 'openapi.json', 'client.ts'], {
    cwd: dir,
  })
  await writeFile(join(dir, 'program.ts'), PROGRAM)
  await writeFile(
    join(dir, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: OPTIONS, files: ['client.ts', 'program.ts'] }),
  )
  stand = await startStand(8)
  served = await serve({
    script: await bundle(),
    vars: {
      ...stand.vars,
      DEV_ACCESS: 'open',
      METERS: '[{"name":"events","match":{"type":"t"},"key":"events/{type}"}]',
    },
  })
})

afterAll(async () => {
  await served?.stop()
  await stand?.stop()
  await rm(dir, { recursive: true, force: true })
})

test('a client generated from the document type-checks, and has every operation', async () => {
  const said = await run(join(MODULES, '.bin/tsc'), ['-p', dir]).then(
    ({ stdout }) => stdout,
    (error: { stdout: string }) => error.stdout,
  )
  expect(said).toBe('')
  const operations = Object.values(DOCUMENT.paths ?? {}).flatMap((path) =>
    Object.values(path).flatMap(({ operationId }) => operationId ?? []),
  )
  expect(operations.length).toBeGreaterThan(10)
  expect(new Set(CALLS.map(([operation]) => operation))).toEqual(new Set(operations))
})

test('it calls each operation of a Worker that runs, and gets what it expects', async () => {
  const { defaults, calls }: Program = await import(pathToFileURL(join(dir, 'program.js')).href)
  defaults.baseUrl = served.url
  for (const [i, call] of calls.entries()) {
    const [operation, args, status] = CALLS[i] ?? []
    const answer = await call()
    expect([operation, args, answer.status, answer]).toEqual([operation, args, status, expect.anything()])
  }
})
