import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseLogLine, parseLogTime } from '../../../src/local/import/access-log.ts'
import { compileKeyTemplate } from '../../../src/local/import/key-template.ts'
import { LINE_BYTES_MAX, type Line, LineSplitter } from '../../../src/local/import/lines.ts'
import { fieldText } from '../../../src/local/import/log-text.ts'
import type { LoggedRequest } from '../../../src/local/import/logged-request.ts'
import { keyFault } from '../../../src/model/key.ts'
import { pathOf } from '../../../src/model/meter/filters.ts'
import { hasRealLog, realLogLines } from '../../support/real-log.ts'

const HEAD = '1.2.3.4 - - [17/May/2015:10:05:03 +0000]'
const AT = Date.UTC(2015, 4, 17, 10, 5, 3)

/** As a server reads bytes from its socket and writes them to its log. */
function asLogged(text: string): string {
  return Buffer.from(text)
    .toString('latin1')
    .replace(/["\\]/g, '\\$&')
    .replace(/[^ -~]/g, hex)
}

function hex(character: string): string {
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`
}

function read(line: string, format?: 'common' | 'combined'): LoggedRequest {
  const reading = parseLogLine(Buffer.from(line).toString('latin1'), format)
  if (reading.kind === 'refused') throw new Error(reading.reason)
  return reading.request
}

function reasonOf(line: string, format?: 'common' | 'combined'): string | null {
  const reading = parseLogLine(Buffer.from(line).toString('latin1'), format)
  return reading.kind === 'refused' ? reading.reason : null
}

function keyOf(template: string, line: string): string {
  const reading = compileKeyTemplate(template)(read(line))
  if (reading.kind === 'no-request') return 'no request'
  return reading.kind === 'key' ? reading.key : `refused: ${reading.reason}`
}

// Text without control characters: those come back percent-encoded, which has a law of its own.
const text = fc.string({ unit: 'grapheme', maxLength: 30 }).filter((value) => !/\p{Cc}/u.test(value))
const word = text.filter((value) => value !== '' && !value.includes(' '))
const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')

/** The log's own spelling of a time in a zone of so many minutes. */
function logTime(atMs: number, zone: number): string {
  const local = new Date(atMs + zone * 60_000).toISOString()
  const two = (n: number) => String(n).padStart(2, '0')
  const sign = zone < 0 ? '-' : '+'
  const offset = `${sign}${two(Math.floor(Math.abs(zone) / 60))}${two(Math.abs(zone) % 60)}`
  return `${local.slice(8, 10)}/${MONTHS[Number(local.slice(5, 7)) - 1]}/${local.slice(0, 4)}:${local.slice(11, 19)} ${offset}`
}

describe('laws', () => {
  const logged = fc.record({
    host: fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain()),
    user: fc.oneof(
      fc.constant('-'),
      text.filter((user) => user !== ''),
    ),
    second: fc.integer({ min: 0, max: 4_102_444_799 }),
    zone: fc.integer({ min: -14 * 60, max: 14 * 60 }),
    method: fc.constantFrom('GET', 'POST', 'PROPFIND', 'M-SEARCH'),
    target: word,
    status: fc.integer({ min: 100, max: 599 }),
    size: fc.oneof(fc.constant('-'), fc.nat().map(String)),
    referer: text,
    agent: text,
  })

  it('a rendered combined line gives every field back, whatever needed escaping', () => {
    fc.assert(
      fc.property(logged, (one) => {
        const line =
          `${one.host} - ${asLogged(one.user)} [${logTime(one.second * 1000, one.zone)}] ` +
          `"${one.method} ${asLogged(one.target)} HTTP/1.1" ${one.status} ${one.size} ` +
          `"${asLogged(one.referer)}" "${asLogged(one.agent)}"`
        expect(read(line, 'combined')).toEqual({
          host: one.host,
          user: one.user,
          vhost: null,
          atMs: one.second * 1000,
          request: { method: one.method, target: one.target, protocol: 'HTTP/1.1' },
          status: String(one.status),
          referer: one.referer,
          agent: one.agent,
        })
      }),
    )
  })

  it('any bytes at all make text that is fit for a key, and differs only where bytes were spelled out', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), (bytes) => {
        const raw = Buffer.from(bytes).toString('latin1')
        const field = fieldText(raw.replace(/["\\]/g, '\\$&').replace(/[^ -~]/g, hex))
        expect(keyFault(field)).toBeUndefined()
        const plain = field.replace(/%([0-9A-F]{2})/g, (all, code) => {
          const byte = Number.parseInt(code, 16)
          return byte < 0x20 || byte > 0x7e ? String.fromCharCode(0xe000 + byte) : all
        })
        const back = Array.from(plain, (c) =>
          /[\u{e000}-\u{e0ff}]/u.test(c) ? Buffer.from([c.charCodeAt(0) - 0xe000]) : Buffer.from(c),
        )
        // A private-use character of the input itself would be taken for a spelled-out byte.
        fc.pre(!/[\u{e000}-\u{e0ff}]/u.test(field) && !/%[0-9A-F]{2}/.test(raw))
        expect(Buffer.concat(back)).toEqual(Buffer.from(bytes))
      }),
    )
  })

  it('no line throws, and none takes long', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'a "\\[]-/:0\xa0\xff'), maxLength: 200 }), (line) => {
        expect(['request', 'refused']).toContain(parseLogLine(line).kind)
      }),
    )
    const nasty = ['[x] "', '\\"', '" 200 ', ' -', '" 200 1" 200 1'].flatMap((part) => [
      part.repeat(500_000),
      `${HEAD} "${part.repeat(500_000)}`,
      `${HEAD} "GET / HTTP/1.1" 200 1 "${part.repeat(500_000)}`,
    ])
    // Some milliseconds each in linear time. In quadratic time they would take hours.
    for (const line of nasty) expect(['request', 'refused']).toContain(parseLogLine(line).kind)
  })

  it('lines are the same however the input is cut into chunks', () => {
    const input = fc.array(fc.constantFrom('a', 'bc', '\n', '\r\n', '\r', '', 'ü'), { maxLength: 60 })
    fc.assert(
      fc.property(input, fc.array(fc.integer({ min: 1, max: 7 })), (parts, cuts) => {
        const whole = Buffer.from(parts.join(''))
        expect(split(whole, cuts)).toEqual(split(whole, []))
        const expected = whole.toString().split('\n')
        if (expected.at(-1) === '') expected.pop()
        const contents = split(whole, cuts).map((line) => line.content?.toString())
        expect(contents).toEqual(expected.map((line) => line.replace(/\r$/, '')))
        expect(split(whole, cuts).reduce((sum, line) => sum + line.bytes, 0)).toBe(whole.length)
      }),
    )
  })
})

function split(input: Buffer, cuts: readonly number[]): Line[] {
  const splitter = new LineSplitter()
  const lines: Line[] = []
  let from = 0
  for (const cut of cuts) {
    lines.push(...splitter.push(input.subarray(from, from + cut)))
    from += cut
  }
  return [...lines, ...splitter.push(input.subarray(from)), ...splitter.end()]
}

it('a line longer than the bound is passed over without being held, and the next is read', () => {
  const long = Buffer.alloc(LINE_BYTES_MAX + 1, 'x')
  const lines = split(
    Buffer.concat([long, Buffer.from('\nnext\n'), long.subarray(1), Buffer.from('\r\n')]),
    [65_536],
  )
  expect(lines.map((line) => [line.number, line.content?.length ?? null])).toEqual([
    [1, null],
    [2, 4],
    [3, LINE_BYTES_MAX],
  ])
})

describe('lines that a naive parser gets wrong', () => {
  // The first four are lines of the real log that the project is tried with, shortened.
  it.each<[string, string, string]>([
    [
      'escaped bytes in the referer that are not UTF-8',
      `${HEAD} "GET /files/logstash/ HTTP/1.0" 200 13316 "http://\\xe4\\xe5-\\xec.\\xf0\\xf4/" "Mozilla/5.0"`,
      '/files/logstash/',
    ],
    [
      'a line cut short within the agent',
      `${HEAD} "GET /scripts/grok-py-test/configlib.py HTTP/1.1" 200 235 "-" "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html`,
      '/scripts/grok-py-test/configlib.py',
    ],
    [
      'a percent sign that encodes nothing',
      `${HEAD} "GET /demo.html?iframe=true&width=100%&height=100% HTTP/1.1" 200 1 "-" "-"`,
      '/demo.html?iframe=true&width=100%&height=100%',
    ],
    [
      'a path that URL takes for a host',
      `${HEAD} "GET //favicon.ico HTTP/1.1" 404 - "-" "-"`,
      '//favicon.ico',
    ],
    ['the common format', `${HEAD} "GET /a HTTP/1.0" 200 -`, '/a'],
    [
      'a name that latin1 reads with a space',
      `h voilà - [17/May/2015:10:05:03 +0000] "GET /n HTTP/1.1" 200 1`,
      '/n',
    ],
    ['an IPv6 client', `2001:db8::7 - - [17/May/2015:10:05:03 +0000] "GET /6 HTTP/2.0" 200 1`, '/6'],
    [
      'a user with spaces and brackets',
      `h - J [r] D [17/May/2015:10:05:03 +0000] "GET /u HTTP/1.1" 200 1`,
      '/u',
    ],
    ['an empty user', `h -  [17/May/2015:10:05:03 +0000] "GET /u HTTP/1.1" 200 1`, 'refused'],
    ['escaped quotes and backslashes', `${HEAD} "GET /a\\"b\\\\c HTTP/1.1" 200 1`, '/a"b\\c'],
    ['a quote that nobody escaped', `${HEAD} "GET /a"b HTTP/1.1" 200 1 "-" "-"`, '/a"b'],
    ['spaces in the target', `${HEAD} "GET /a b c HTTP/1.1" 200 1`, '/a b c'],
    ['escaped UTF-8', `${HEAD} "GET /caf\\xc3\\xa9 HTTP/1.1" 200 1`, '/café'],
    [
      'plain UTF-8, with a byte that latin1 takes for a space',
      `${HEAD} "GET /voilà HTTP/1.1" 200 1`,
      '/voilà',
    ],
    [
      'a user with an open bracket',
      `h - a [b [17/May/2015:10:05:03 +0000] "GET /u HTTP/1.1" 401 5 "-" "-"`,
      '/u',
    ],
    ['a user that ends with a space', `h - a  [17/May/2015:10:05:03 +0000] "GET /u HTTP/1.1" 401 5`, '/u'],
    ['two spaces behind the target', `${HEAD} "GET /a  HTTP/1.1" 200 1 "-" "-"`, '/a'],
    ['two spaces before the target', `${HEAD} "GET  /a HTTP/1.1" 200 1 "-" "-"`, '/a'],
    ['two spaces and no protocol', `${HEAD} "GET  /a " 200 1 "-" "-"`, '/a'],
    ['an escaped control character', `${HEAD} "GET /a\\tb\\x00 HTTP/1.1" 400 1`, '/a%09b%00'],
    ['a C1 control character', `${HEAD} "GET /\\xc2\\x85 HTTP/1.1" 400 1`, '/%C2%85'],
    ['a lone byte among good ones', `${HEAD} "GET /\\xe4\\xc3\\xa9 HTTP/1.1" 200 1`, '/%E4é'],
    ['an encoded surrogate', `${HEAD} "GET /\\xed\\xa0\\x80 HTTP/1.1" 200 1`, '/%ED%A0%80'],
    ['HTTP/0.9', `${HEAD} "GET /old" 200 1`, '/old'],
    ['fields after the agent', `${HEAD} "GET /x HTTP/1.1" 200 1 "-" "-" "10.0.0.1" 0.012`, '/x'],
    ['a backslash that escapes nothing', `${HEAD} "GET /a\\q HTTP/1.1" 200 1`, '/a\\q'],
    ['a request that looks like a time', `${HEAD} "GET /[1] HTTP/1.1" 200 1 "[2] \\"x" "-"`, '/[1]'],
  ])('%s', (_, line, target) => {
    const reading = parseLogLine(Buffer.from(line).toString('latin1'))
    expect(reading.kind === 'request' ? reading.request.request?.target : 'refused').toBe(target)
    if (reading.kind === 'request') expect(reading.request.atMs).toBe(AT)
  })

  it.each([
    ['nothing', '-'],
    ['an empty request', ''],
    ['a TLS hello', '\\x16\\x03\\x01\\x00\\xa5'],
    ['a port scan', 't3 12.1.2'],
    ['a lone word', 'quit'],
    ['a search for cameras', 'OPTIONS / RTSP/1.0'],
    ['spaces alone', 'GET   HTTP/1.1'],
  ])('%s was sent: it has a status to count, but no path', (_, request) => {
    const line = `${HEAD} "${request}" 400 0 "-" "-"`
    expect(keyOf('status/{status}', line)).toBe('status/400')
    expect(keyOf('requests{path}', line)).toBe('no request')
  })

  it.each([
    ['prose', 'the quick brown fox'],
    ['a missing time', '1.2.3.4 - - "GET / HTTP/1.1" 200 1'],
    ['a missing user', '1.2.3.4 - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 1'],
    ['a missing status', `${HEAD} "GET / HTTP/1.1"`],
    ['a missing size', `${HEAD} "GET / HTTP/1.1" 200`],
    ['no end of the request', `${HEAD} "GET / HTTP/1.1`],
    ['JSON', '{"key":"a"}'],
    ['zeros after a crash', '\0\0\0\0'],
  ])('%s is refused with a reason', (_, line) => {
    expect(reasonOf(line)).toMatch(/./)
  })

  it('a line cut short has as much of its agent as there is', () => {
    const cut = `${HEAD} "GET / HTTP/1.1" 200 1 "-" "Mozilla/5.0 (compat`
    expect(read(cut, 'combined').agent).toBe('Mozilla/5.0 (compat')
    expect(reasonOf(cut.replace('"-" "M', '"http://M'), 'combined')).toMatch(/no referer and agent/)
  })

  it('a format that is asked for refuses the other', () => {
    const common = `${HEAD} "GET / HTTP/1.1" 200 1`
    expect(reasonOf(common, 'common')).toBeNull()
    expect(reasonOf(common, 'combined')).toMatch(/no referer and agent/)
    expect(reasonOf(`${common} "-" "-"`, 'combined')).toBeNull()
    expect(reasonOf(`${common} "-" "-"`, 'common')).toMatch(/more fields/)
  })
})

describe('who sent it', () => {
  const rest = '[17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 1 "-" "-"'

  it.each<[string, string, string | null, string | null, string | null]>([
    ['the common format', '1.2.3.4 - ann', '1.2.3.4', 'ann', null],
    ['a user with spaces', '1.2.3.4 - ann of york', '1.2.3.4', 'ann of york', null],
    ['an identd', 'h bob ann', 'h', 'ann', null],
    ["Apache's vhost_combined", 'site.test:80 1.2.3.4 - ann', '1.2.3.4', 'ann', 'site.test'],
    ['a vhost that is an address', '127.0.0.1:21034 127.0.0.1 - -', '127.0.0.1', '-', '127.0.0.1'],
    ['a vhost without a port', 'site.test 2001:db8::7 - -', '2001:db8::7', '-', 'site.test'],
    ['X-Forwarded-For', '192.0.2.7, 198.51.100.3 - ann', '192.0.2.7', 'ann', null],
    [
      'a vhost and X-Forwarded-For',
      'a.test:443 192.0.2.7, 10.0.0.1, 10.0.0.2 - -',
      '192.0.2.7',
      '-',
      'a.test',
    ],
    ['syslog', 'Nov 30 00:51:25 web1 nginx[12]: 1.2.3.4 - ann', '1.2.3.4', 'ann', null],
    ['syslog with a priority', '<190>Nov  3 00:51:25 web1 nginx: 1.2.3.4 - ann', '1.2.3.4', 'ann', null],
    ['syslog with RFC 3339', '2026-11-30T00:51:25.1+00:00 web1 nginx: 1.2.3.4 - ann', '1.2.3.4', 'ann', null],
    [
      'syslog, RFC 5424',
      '<190>1 2026-11-30T00:51:25Z web1 nginx 12 - - 1.2.3.4 - ann',
      '1.2.3.4',
      'ann',
      null,
    ],
    ['docker compose', 'web-1  | 1.2.3.4 - ann', '1.2.3.4', 'ann', null],
    ['docker with times', '2026-11-30T00:51:25.123456789Z 1.2.3.4 - ann', '1.2.3.4', 'ann', null],
    ['kubectl', '[pod/web-1/nginx] 1.2.3.4 - ann', '1.2.3.4', 'ann', null],
    ['kubectl with times', '[pod/web-1/nginx] 2026-11-30T00:51:25Z 1.2.3.4 - ann', '1.2.3.4', 'ann', null],
    [
      'a container runtime',
      '2026-11-30T00:51:25.1Z stdout F a.test:80 1.2.3.4 - ann',
      '1.2.3.4',
      'ann',
      'a.test',
    ],
    ['a prefix that nobody knows', 'a b 1.2.3.4 - ann', null, null, null],
    ['another one', 'a 1.2.3.4 ann', null, null, null],
    ['a format of its own', 'site.test - 1.2.3.4 - ann', null, null, null],
  ])('%s: the right client and user, or neither', (_, before, host, user, vhost) => {
    const { host: h, user: u, vhost: v, request } = read(`${before} ${rest}`)
    expect([h, u, v]).toEqual([host, user, vhost])
    expect(request?.target).toBe('/')
  })

  it('a client that cannot be told for sure is refused where the key needs it, and counted where not', () => {
    const line = `a b 1.2.3.4 - ann ${rest}`
    expect(keyOf('requests{path}', line)).toBe('requests/')
    expect(keyOf('{host}', line)).toMatch(/^refused: no \{host\} for sure: the fields before the time/)
  })
})

describe('an agent with quotes that the server did not escape', () => {
  const agentOf = (trailer: string) => read(`${HEAD} "GET / HTTP/1.1" 200 1 "-" ${trailer}`).agent

  it('is whole, or refused where it could end in two places', () => {
    expect(agentOf('"My Quoted " Agent"')).toBe('My Quoted " Agent')
    expect(agentOf('"a"b"c"')).toBe('a"b"c')
    expect(agentOf('"Mozilla" "10.0.0.1" 0.012')).toBe('Mozilla')
    const line = `${HEAD} "GET / HTTP/1.1" 200 1 "-" "My " Agent" "10.0.0.1"`
    expect(keyOf('{agent}', line)).toMatch(/^refused: no \{agent\} for sure/)
    expect(keyOf('requests{path}', line)).toBe('requests/')
  })
})

describe('times', () => {
  it.each([
    ['17/May/2015:10:05:03 +0000', '2015-05-17T10:05:03.000Z'],
    ['17/May/2015:23:35:00 -0730', '2015-05-18T07:05:00.000Z'],
    ['01/Jan/2016:00:15:00 +0530', '2015-12-31T18:45:00.000Z'],
    ['29/Feb/2016:12:00:00 +0000', '2016-02-29T12:00:00.000Z'],
    ['17/May/2015:10:05:03.719 +0000', '2015-05-17T10:05:03.719Z'],
    ['17/May/2015:10:05:03.719283 +0000', '2015-05-17T10:05:03.719Z'],
    // A leap second stays in its hour.
    ['30/Jun/2015:23:59:60 +0000', '2015-06-30T23:59:59.000Z'],
  ])('%s is %s', (logged, iso) => {
    expect(new Date(parseLogTime(logged) ?? Number.NaN).toISOString()).toBe(iso)
  })

  it.each([
    '29/Feb/2015:12:00:00 +0000',
    '31/Apr/2015:12:00:00 +0000',
    '00/May/2015:12:00:00 +0000',
    '17/Mai/2015:12:00:00 +0000',
    '17/May/2015:24:00:00 +0000',
    '17/May/2015:12:60:00 +0000',
    '17/May/0015:12:00:00 +0000',
    '17/May/2015:12:00:00',
    '17/May/2015:12:00:00 +2400',
    '2015-05-17T10:05:03Z',
  ])('there is no %s', (logged) => {
    expect(parseLogTime(logged)).toBeNull()
  })
})

describe('keys', () => {
  it.each([
    ['/a/b?c=d?e', '/a/b'],
    ['/a#b', '/a'],
    ['/', '/'],
    ['*', '/*'],
    ['http://example.com/a?b', '/a'],
    ['http://example.com', '/'],
    ['HTTPS://example.com?x', '/'],
    ['example.com:443', '/example.com:443'],
    ['//favicon.ico', '//favicon.ico'],
    ['/redirect?to=http://example.com/x', '/redirect'],
    ['/a/../b', '/a/../b'],
  ])('the path of %s is %s', (target, path) => {
    expect(pathOf(target)).toBe(path)
  })

  const line = `::1 - bob [17/May/2015:10:05:03 +0000] "POST /a?b HTTP/1.1" 201 5 "http://r/" "curl $& $1"`

  it('a template names any field, and takes it literally', () => {
    expect(keyOf('{host}|{user}|{method}|{protocol}|{status}', line)).toBe('::1|bob|POST|HTTP/1.1|201')
    expect(keyOf('x{path}|{target}|{referer}|{agent}', line)).toBe('x/a|/a?b|http://r/|curl $& $1')
  })

  it('a key past 512 bytes is its beginning and a hash: counted, and two paths do not become one', () => {
    const fits = `/${'ä'.repeat(255)}`
    expect(keyOf('x{path}', `${HEAD} "GET ${fits} HTTP/1.1" 200 1`)).toBe(`x${fits}`)
    const longer = ['y', 'z'].map((end) => keyOf('x{path}', `${HEAD} "GET ${fits}${end} HTTP/1.1" 200 1`))
    for (const key of longer) {
      expect(key).toMatch(/^x\/ä{246}~[0-9a-f]{16}$/)
      expect(keyFault(key)).toBeUndefined()
    }
    expect(new Set(longer).size).toBe(2)
  })

  it('a field that the format lacks is refused by name', () => {
    expect(keyOf('{agent}', `${HEAD} "GET / HTTP/1.1" 200 1`)).toBe('refused: no {agent} in this line')
  })

  it.each(['', '{nope}', 'a{path', 'a}', '{}', 'a\n{path}', '{toString}'])(
    'the template %j is refused',
    (bad) => {
      expect(() => compileKeyTemplate(bad)).toThrow(TypeError)
    },
  )
})

describe.skipIf(!hasRealLog)('the real log', () => {
  it('all 10,000 lines are requests: 84 hours, 1,498 targets', () => {
    const requests = realLogLines().map((line) => {
      const reading = parseLogLine(line)
      return reading.kind === 'request' ? reading.request : expect.fail(`${reading.reason}: ${line}`)
    })
    expect(requests).toHaveLength(10_000)
    expect(new Set(requests.map((one) => one.request?.target)).size).toBe(1_498)
    expect(new Set(requests.map((one) => Math.floor(one.atMs / 3_600_000))).size).toBe(84)
    expect(requests.filter((one) => one.request === null || one.agent === null)).toEqual([])
  })

  it('every line makes a key, and the one of 603 bytes a shortened one', () => {
    const keys = compileKeyTemplate('requests{path}')
    const readings = realLogLines().map((line) => keys(read(line)))
    expect(readings.filter((reading) => reading.kind === 'refused')).toEqual([])
    const shortened = readings.flatMap((one, index) =>
      one.kind === 'key' && one.isShortened ? [index + 1] : [],
    )
    expect(shortened).toEqual([3029])
  })
})
