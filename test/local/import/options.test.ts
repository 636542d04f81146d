import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parseOptions } from '../../../src/local/import/options.ts'
import { findDatabase } from '../../../src/local/import/straight/destination.ts'

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
    expect(() => findDatabase({}, state)).toThrow('set DATABASE_URL, or start `npm run dev` first')
    writeFileSync(join(state, 'endpoint'), 'http://127.0.0.1:5499/sql\n')
    expect(findDatabase({}, state)).toMatchObject({
      address: { kind: 'neon', endpoint: 'http://127.0.0.1:5499/sql' },
    })
    expect(findDatabase({ DATABASE_URL }, state)).toEqual({
      address: { kind: 'tcp', url: DATABASE_URL },
      name: 'postgresql://me@db.example.com/sums',
    })
    const neon = 'postgresql://me:secret@ep-a.eu-central-1.aws.neon.tech/sums'
    expect(findDatabase({ DATABASE_URL: neon }, state).address.kind).toBe('neon')
    expect(findDatabase({ DATABASE_URL: neon, DATABASE_DRIVER: 'pg' }, state).address.kind).toBe('tcp')
    expect(() => findDatabase({ DATABASE_URL, DATABASE_DRIVER: 'mysql' }, state)).toThrow('DATABASE_DRIVER')
  })
})
