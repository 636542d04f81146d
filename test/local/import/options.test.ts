import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { findDatabase } from '../../../src/local/find-database.ts'
import { parseOptions } from '../../../src/local/import/options.ts'
import { logReader } from '../../../src/local/import/reader.ts'
import { countedOf } from '../../../src/local/import/straight/counted.ts'

const DATABASE_URL = 'postgresql://me:secret@db.example.com/sums?sslmode=require'

const isStraight = (args: string, env: NodeJS.ProcessEnv = {}) =>
  parseOptions([...args.split(' '), 'access.log'], env).isStraight

describe('an import', () => {
  test('goes straight to Postgres when told so, or with DATABASE_URL unless something asks for a Worker', () => {
    expect(isStraight('--into-postgres')).toBe(true)
    expect(isStraight('--key k{path}')).toBe(false)
    expect(isStraight('--again', { DATABASE_URL })).toBe(true)
    for (const args of [
      '--url http://a.example',
      '--token t',
      '--follow',
      '--since 5',
      '--dry-run',
      '--concurrency 2',
    ]) {
      expect(isStraight(args, { DATABASE_URL })).toBe(false)
      const [option] = args.split(' ')
      expect(() => isStraight(`--into-postgres ${args}`)).toThrow(`leave out ${option}.`)
    }
    expect(isStraight('--key k{path}', { DATABASE_URL, SUMDIAL_URL: 'https://a.example' })).toBe(false)
  })

  test('finds the database as a Worker would, or else that of an npm run dev that runs', () => {
    const state = mkdtempSync(join(tmpdir(), 'sumdial-state-'))
    onTestFinished(() => rmSync(state, { recursive: true }))
    expect(() => findDatabase({}, '--into-postgres', state)).toThrow(
      'set DATABASE_URL, or start `npm run dev` first',
    )
    writeFileSync(join(state, 'endpoint'), 'http://127.0.0.1:5499/sql\n')
    expect(findDatabase({}, '--into-postgres', state)).toMatchObject({
      address: { kind: 'neon', endpoint: 'http://127.0.0.1:5499/sql' },
    })
    expect(findDatabase({ DATABASE_URL }, '', state)).toEqual({
      address: { kind: 'tcp', url: DATABASE_URL },
      name: 'postgresql://me@db.example.com/sums',
    })
    const neon = 'postgresql://me:secret@ep-a.eu-central-1.aws.neon.tech/sums'
    expect(findDatabase({ DATABASE_URL: neon }, '', state).address.kind).toBe('neon')
    expect(findDatabase({ DATABASE_URL: neon, DATABASE_DRIVER: 'pg' }, '', state).address.kind).toBe('tcp')
    expect(() => findDatabase({ DATABASE_URL, DATABASE_DRIVER: 'mysql' }, '', state)).toThrow(
      'DATABASE_DRIVER',
    )
  })

  test('breaks its counts down by labels, whose templates are part of the name of what it counts', () => {
    const parse = (...args: string[]) => parseOptions([...args, 'access.log'], {})
    const labelled = parse('--label', 'status={status}', '--label', 'agent={agent|lower}')
    const line = {
      atMs: 0,
      request: { method: 'GET', target: '/a', protocol: 'HTTP/1.1' },
      status: '200',
      host: null,
      user: null,
      vhost: null,
      referer: '-',
      agent: 'Mozilla',
    }
    expect(labelled.keyOf(line)).toMatchObject({
      key: 'requests/a',
      labels: '\u001fagent=mozilla\u001fstatus=200',
    })
    expect(labelled.keyOf({ ...line, agent: null, status: '-' })).toMatchObject({
      key: 'requests/a',
      labels: '',
    })
    expect(parse('--label', 'agent={agent|lower}', '--label', 'status={status}').template).toBe(
      labelled.template,
    )
    expect(parse().template).toBe('requests{path}')
    const logged = Buffer.from('192.0.2.1 - - [21/Nov/2026:20:15:00 +0000] "GET /a HTTP/1.1" 404 5')
    const read = logReader('auto', labelled.template, labelled.keyOf).read(logged, 0)
    if (read.kind !== 'increment') throw new Error(`not an increment: ${read.reason}`)
    expect(JSON.parse(read.json())).toEqual({
      key: 'requests/a',
      at: '2026-11-21T20:15:00Z',
      labels: { status: '404' },
    })
    expect(countedOf(read)).toEqual({ ok: true, value: { slice: 'requests/a\u001fstatus=404', value: 1 } })
    expect(labelled.template).not.toBe(parse('--label', 'status={status}').template)
    expect(() => parse('--label', 'status')).toThrow('is no NAME=TEMPLATE, such as status={status}.')
    expect(() => parse('--label', '1x={status}')).toThrow('must begin with a letter')
    expect(() => parse('--label', 'x={nothing}')).toThrow('no {nothing}: there is')
    expect(() => parse('--format', 'ndjson', '--label', 'x={status}')).toThrow('leave them out')
    const many = Array.from({ length: 9 }, (_, i) => ['--label', `n${i}={status}`]).flat()
    expect(() => parse(...many)).toThrow('at most 8 times')
  })
})
