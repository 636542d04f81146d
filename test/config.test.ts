import { describe, expect, test } from 'vitest'
import { parseConfig } from '../src/config.ts'

const parse = (env: object) =>
  parseConfig({ DATABASE_URL: 'postgresql://sumdial:sumdial@localhost/sumdial', ...env })

test('LOCATION that Cloudflare does not know is refused with the list of those that it does', () => {
  expect(parse({}).location).toBeUndefined()
  expect(parse({ LOCATION: '' }).location).toBeUndefined()
  expect(parse({ LOCATION: 'weur' }).location).toBe('weur')
  expect(() => parse({ LOCATION: 'europe' })).toThrow(
    /LOCATION must be one of wnam, enam, sam, weur, eeur, apac, apac-ne, apac-se, oc, afr, me$/,
  )
})

test('METERS with a fault refuses the whole configuration, and the meter and field are named', () => {
  expect(parse({}).meters).toEqual([])
  expect(parse({ METERS: '' }).meters).toEqual([])
  expect(parse({ METERS: '[{"name":"a","key":"k{b}"}]' }).meters).toMatchObject([{ name: 'a' }])
  expect(() => parse({ METERS: '[{"name":"a","key":"k{b"},{"name":"a b","key":"k"}]' })).toThrow(
    /METERS\[0\].key a brace is left over|METERS\[1\].name must be/,
  )
})

describe('RETENTION_DAYS', () => {
  test('keeps for ever when it is unset or empty', () => {
    expect(parse({}).retentionDays).toBeUndefined()
    expect(parse({ RETENTION_DAYS: '' }).retentionDays).toBeUndefined()
    expect(parse({ RETENTION_DAYS: '400' }).retentionDays).toBe(400)
  })

  test('that would delete hours before they are final is refused, and both variables are named', () => {
    expect(parse({ RETENTION_DAYS: '4' }).retentionDays).toBe(4)
    expect(() => parse({ RETENTION_DAYS: '3' })).toThrow(
      /RETENTION_DAYS must be at least 4 with this LATE_HOURS/,
    )
    expect(() => parse({ RETENTION_DAYS: '1', LATE_HOURS: '23' })).toThrow(/at least 2/)
    expect(parse({ RETENTION_DAYS: '1', LATE_HOURS: '22' }).retentionDays).toBe(1)
  })

  test('is held against every step of LATE_HOURS', () => {
    const LATE_HOURS = '72, 240@2026-12-01T00Z, 1@2027-01-01T00Z'
    expect(() => parse({ RETENTION_DAYS: '10', LATE_HOURS })).toThrow(/at least 11/)
    expect(parse({ RETENTION_DAYS: '11', LATE_HOURS }).retentionDays).toBe(11)
  })
})

describe('where Postgres is', () => {
  const LOCAL = 'postgresql://u:p@localhost/d'
  const NEON = 'postgresql://u:p@ep-a-1-pooler.eu-central-1.aws.neon.tech/d?sslmode=require'
  const OTHER = 'postgresql://u:p@db.example.com:6543/d?sslmode=require'
  const ENDPOINT = 'http://localhost:5499/sql'
  const HYPERDRIVE = { connectionString: 'postgresql://u:p@a1b2.hyperdrive.local:5432/d?sslmode=disable' }
  const of = (env: object) => parseConfig(env).database

  test.each([
    ['a host of Neon', { DATABASE_URL: NEON }, { kind: 'neon', url: NEON, endpoint: undefined }],
    [
      "an endpoint like Neon's",
      { DATABASE_URL: LOCAL, NEON_FETCH_ENDPOINT: ENDPOINT },
      { kind: 'neon', url: LOCAL, endpoint: ENDPOINT },
    ],
    ['any other host', { DATABASE_URL: OTHER }, { kind: 'tcp', url: OTHER }],
    [
      'a binding, before everything else',
      { HYPERDRIVE, DATABASE_URL: NEON, NEON_FETCH_ENDPOINT: ENDPOINT },
      { kind: 'tcp', url: HYPERDRIVE.connectionString },
    ],
    ['a binding alone', { HYPERDRIVE }, { kind: 'tcp', url: HYPERDRIVE.connectionString }],
    [
      "DATABASE_DRIVER, against Neon's host",
      { DATABASE_URL: NEON, DATABASE_DRIVER: 'pg' },
      { kind: 'tcp', url: NEON },
    ],
    [
      'DATABASE_DRIVER, against the binding',
      { HYPERDRIVE, DATABASE_URL: NEON, DATABASE_DRIVER: 'neon' },
      { kind: 'neon', url: NEON, endpoint: undefined },
    ],
    ['an empty DATABASE_DRIVER says nothing', { DATABASE_URL: NEON, DATABASE_DRIVER: '' }, { kind: 'neon' }],
  ])('chooses the driver: %s', (_, env, address) => {
    expect(of(env)).toMatchObject(address)
  })

  test.each([
    ['no address for the driver', { HYPERDRIVE, DATABASE_DRIVER: 'neon' }, /DATABASE_URL is missing/],
    [
      'another driver',
      { DATABASE_URL: NEON, DATABASE_DRIVER: 'mysql' },
      /DATABASE_DRIVER must be `neon` or `pg`/,
    ],
    [
      'no TLS to a public host, unasked',
      { DATABASE_URL: 'postgresql://u:p@db.example.com/d' },
      /DATABASE_URL must end in `\?sslmode=require`, or in `\?sslmode=disable`/,
    ],
    [
      'a certificate that is not checked',
      { DATABASE_URL: 'postgresql://u:p@db.example.com/d?sslmode=no-verify' },
      /DATABASE_URL must have the sslmode `require` or `disable`.*Hyperdrive/,
    ],
    [
      'a file',
      { DATABASE_URL: `${OTHER}&sslrootcert=/etc/ca.pem` },
      /DATABASE_URL cannot have `sslrootcert`.*Hyperdrive/,
    ],
  ])('refuses %s', (_, env, words) => {
    expect(() => parseConfig(env)).toThrow(words)
  })

  test('names its faults beside the others', () => {
    const env = { DATABASE_URL: 'mysql://u:p@h/d', SHARDS: 'many' }
    expect(() => parseConfig(env)).toThrow(/DATABASE_URL must look like.*; SHARDS/)
  })

  test('may be missing, because the Worker counts without it', () => {
    expect(parseConfig({}).database).toBeUndefined()
    expect(parseConfig({ DATABASE_URL: '' }).database).toBeUndefined()
  })

  test.each(['localhost', '127.0.0.1:5433', 'postgres', '10.1.2.3', '172.20.0.2', '[::1]', 'db.internal'])(
    'takes no TLS to a host of a private network: %s',
    (host) => {
      expect(of({ DATABASE_URL: `postgresql://u:p@${host}/d` })?.kind).toBe('tcp')
    },
  )

  test('takes Neon with any sslmode, because that is HTTPS', () => {
    expect(of({ DATABASE_URL: NEON.replace('?sslmode=require', '') })?.kind).toBe('neon')
  })
})
