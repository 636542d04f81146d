import fc from 'fast-check'
import { expect } from 'vitest'
import { parseZone, type Zone } from '../../src/model/time/zone.ts'

export const ALL_ZONES = Intl.supportedValuesOf('timeZone')

export function zoneOf(name: string): Zone {
  return parseZone(name) ?? expect.fail(`no zone ${name}`)
}

/** Any zone, and often one whose clocks do what those of others do not. */
export const zones = fc
  .oneof(
    // At midnight their clocks skip an hour or come to midnight twice; or their offset is no whole hour; or a day is skipped.
    fc.constantFrom('America/Santiago', 'America/Havana', 'Asia/Beirut', 'Africa/Cairo', 'America/Sao_Paulo'),
    fc.constantFrom('Asia/Kolkata', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'America/St_Johns'),
    fc.constantFrom('Pacific/Apia', 'Pacific/Kwajalein', 'Antarctica/Casey', 'UTC'),
    fc.constantFrom(...ALL_ZONES),
  )
  .map(zoneOf)
