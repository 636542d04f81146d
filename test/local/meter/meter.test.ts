import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parseOptions } from '../../../src/local/meter/options.ts'
import { OPEN_HOURS, report } from '../../../src/local/meter/report.ts'
import { tryMeters } from '../../../src/local/meter/trial.ts'

const NOW = Date.parse('2026-11-30T01:00:00Z')

/** The output of `npm run meter` for some records. */
async function shown(records: string | Buffer, args: readonly string[], env = {}): Promise<string> {
  const options = await parseOptions(['--try', '-', ...args], env)
  const input = Readable.from([Buffer.from(records)])
  const trial = await tryMeters(input, options.meters, {
    nowMs: NOW,
    shown: options.shown,
    openHours: OPEN_HOURS,
  })
  return report(trial, options)
}

const LINES = `{"host":"a.b","url":"/x?y","time":1795998964.5,"id":"i"}
{"host":"a.b","time":"2001-01-01T00:00:00Z"}
{"url":"/x"}
nonsense
`

describe('npm run meter', () => {
  test('shows what each record becomes, what is not counted and why, and where to send such records', async () => {
    const text = await shown(LINES, [
      '--key',
      'k/{host}{url|path|or:/}',
      '--at',
      '{time}',
      '--id',
      '{id|or:none}',
    ])
    expect(text).toContain('0       k/a.b/x  1      2026-11-30T00:36:04.500Z  i\n')
    expect(text).toContain('4 records make 2 increments of 2 keys in 2 hours. Beside them: 2 refused.')
    expect(text).toContain('  record 2: host is missing\n  record 3: must be valid JSON\n')
    expect(text).toContain('- 1 are of hours that are not open now')
    expect(text).toContain(
      '/records?key=k%2F%7Bhost%7D%7Burl%7Cpath%7Cor%3A%2F%7D&at=%7Btime%7D&id=%7Bid%7Cor%3Anone%7D',
    )
  })

  test('shows labels beside their keys, and sends them along in the address', async () => {
    const lines = '{"host":"a.b","plan":"pro","country":"NO"}\n{"host":"a.b"}\n'
    const asked = ['--key', '{host}', '--label', 'plan:{plan}', '--label', 'country:{country}']
    const text = await shown(lines, asked)
    expect(text).toContain('record  key  labels               value  at          id\n')
    expect(text).toContain('0       a.b  country=NO plan=pro  1      on arrival  -\n')
    expect(text).toContain('1       a.b  -                    1      on arrival  -\n')
    expect(text).toContain('label=plan%3A%7Bplan%7D&label=country%3A%7Bcountry%7D')
  })

  test('reads gzip like the Worker, and METERS from the environment or from a file, with a byte order mark or without', async () => {
    const METERS = '[{"name":"hosts","key":"k/{host}"},{"name":"urls","key":"u{url}","repeat":"count"}]'
    const text = await shown(gzipSync(LINES), [], { METERS })
    expect(text).toContain('4 records make 4 increments of 3 keys.')
    expect(text).toContain('/records?meter=hosts&meter=urls')
    const dir = mkdtempSync(join(tmpdir(), 'sumdial-meter-'))
    onTestFinished(() => rmSync(dir, { recursive: true }))
    writeFileSync(join(dir, 'meters.json'), METERS)
    const file = ['--meters', join(dir, 'meters.json'), '--meter', 'hosts']
    expect(await shown(LINES, file)).toContain('4 records make 2 increments of 1 keys.')
    writeFileSync(join(dir, 'meters.json'), `\ufeff${METERS}`)
    expect(await shown(`\ufeff${LINES}`, file)).toContain('4 records make 2 increments of 1 keys.')
  })

  test.each<[string, string[], RegExp]>([
    ['no time', ['--key', 'k'], /has no `at`, so records count in the hour of their arrival/],
    ['no id', ['--key', 'k'], /has no `id`, so a single record that is sent again counts again/],
    ['repeats', ['--key', 'k', '--repeat', 'count'], /what a client sends again counts again/],
  ])('warns of a meter that would count twice: %s', async (_, args, warning) => {
    expect(await shown(LINES, args)).toMatch(warning)
  })

  test('warns of a single record without an id, of too many keys and which field makes them, and of negative values', async () => {
    expect(await shown('{"a":1}', ['--key', 'k'])).toContain('This is a single record without an id')
    const many = Array.from({ length: 50_001 }, (_, i) => `{"a":"${i % 3}","b":${i}}`).join('\n')
    expect(await shown(many, ['--key', '{a}/{b}'])).toContain('The field `b` has the most values.')
    expect(await shown('[{"n":-1},{"n":0}]', ['--key', 'k', '--value', '{n}'])).toMatch(
      /1 have negative values/,
    )
  })

  test.each<[string[], object, RegExp]>([
    [['--key', '{'], {}, /`key` a brace is left over/],
    [['--key', 'k', '--at', 'time'], {}, /`at` must have a field in braces/],
    [['--meter', 'b'], { METERS: '[{"name":"a","key":"k"}]' }, /`meter` must be one of METERS: a/],
    [[], { METERS: '[{"name":"a"}]' }, /METERS: \[0\]\.key must be a string/],
    [[], { METERS: '[]' }, /METERS has no meter/],
  ])('says what is wrong with a call: %j %j', async (args, env, fault) => {
    await expect(shown(LINES, args, env)).rejects.toThrow(fault)
  })
})
