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
