import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { openApiDocument } from '../../../src/edge/routes.ts'

const run = promisify(execFile)
const MODULES = join(import.meta.dirname, '../../../node_modules')
const DOCUMENT = openApiDocument('http://127.0.0.1')

/** A call of each operation, as somebody writes it who has the generated client and an editor. */
const CALLS = `
import * as sumdial from './client.ts'
sumdial.increment({ key: 'a' })
sumdial.increment([{ key: 'a', value: 2, at: 1795294200000, id: 'x' }], { idempotencyKey: 'y' })
sumdial.countRecords('{}', { key: 'a', at: 'now' })
sumdial.exportMetrics({})
sumdial.sendEvents({ specversion: '1.0', id: '1', source: 's', type: 't' })
sumdial.sendEventsAsOpenMeter([{ specversion: '1.0', id: '1', source: 's', type: 't' }])
sumdial.readCounters({ key: ['a', 'b'], bucket: 'day', tz: 'Europe/Berlin' })
sumdial.readCounters({ prefix: 'a/', bucket: 'day', $from: '2026-11-01' })
// @ts-expect-error a range has one of the names
sumdial.readCounters({ key: ['a'], range: '90d' })
sumdial.readCounter('a', { consistency: 'committed' })
sumdial.readCounter('a', { range: 'all' })
sumdial.readCounter('a', { by: 'model', range: 'this-month', compare: 'previous' })
sumdial.listKeys('a/', { sort: '-sum', limit: 10, range: 'last-month', tz: 'Asia/Kolkata' })
sumdial.listLabels({ key: 'a' })
sumdial.readHour('2026-11-21T20Z')
sumdial.status()
sumdial.metrics()
sumdial.retryParked({ shard: '2026-11-21T20Z/0' })
sumdial.discardParked({ shard: '2026-11-21T20Z/0', keys: ['a'] })
// @ts-expect-error a key is a text
sumdial.increment({ key: 7 })
`

const OPTIONS = {
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  allowImportingTsExtensions: true,
  target: 'es2022',
  module: 'nodenext',
  lib: ['es2022', 'dom', 'dom.iterable'],
  types: [],
}

let dir: string
beforeAll(async () => {
  // Beside the packages that the generated code imports.
  dir = await mkdtemp(join(MODULES, '.generated-client-'))
  await writeFile(join(dir, 'openapi.json'), JSON.stringify(DOCUMENT))
  await run(process.execPath, [join(MODULES, 'oazapfts/dist/cli.js'), 'openapi.json', 'client.ts'], {
    cwd: dir,
  })
  await writeFile(join(dir, 'calls.ts'), CALLS)
  await writeFile(
    join(dir, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: OPTIONS, files: ['calls.ts'] }),
  )
})
afterAll(() => rm(dir, { recursive: true, force: true }))

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
  for (const operation of operations) expect(CALLS).toContain(`sumdial.${operation}(`)
})
