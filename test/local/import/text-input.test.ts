import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { UnreadableInput } from '../../../src/local/import/gunzip.ts'
import { printable } from '../../../src/local/import/tally.ts'
import { inputTextOf } from '../../../src/local/import/text-input.ts'
import { figures, importing, logLine, logOf } from './rig.ts'

async function read(bytes: Buffer, chunkBytes = bytes.length): Promise<Buffer> {
  const chunks: Buffer[] = []
  for (let from = 0; from < bytes.length; from += chunkBytes)
    chunks.push(bytes.subarray(from, from + chunkBytes))
  return Buffer.concat(await Array.fromAsync(inputTextOf(Readable.from(chunks))))
}

const MARK = Buffer.from([0xef, 0xbb, 0xbf])
const LOG = Buffer.from(logOf(3))

describe('an input', () => {
  it.each([1, 2, 3, 4, 100_000])('is read whole, in chunks of %i bytes', async (size) => {
    expect(await read(gzipSync(LOG), size)).toEqual(LOG)
    expect(await read(LOG, size)).toEqual(LOG)
  })

  it('of a few bytes, or none, is a text', async () => {
    for (const text of ['', 'a', '{}', 'abc'])
      expect(await read(Buffer.from(text))).toEqual(Buffer.from(text))
  })

  it.each([
    ['UTF-16', Buffer.from(`\ufeff${LOG}`, 'utf16le')],
    ['UTF-16', Buffer.from(`\ufeff${LOG}`, 'utf16le').swap16()],
    ['UTF-16', Buffer.from(LOG.toString(), 'utf16le')],
    ['a zip archive', Buffer.from('PK\x03\x04abcdef')],
    ['xz', Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 1, 2])],
    ['zstd', Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 1, 2])],
    ['a binary file', Buffer.from(Array.from({ length: 4_000 }, (_, i) => (i * 167 + (i >> 3)) % 256))],
  ])('that is no text is named: %s', async (name, bytes) => {
    await expect(read(bytes)).rejects.toThrow(UnreadableInput)
    await expect(read(bytes)).rejects.toThrow(name)
  })

  it('that begins with zeros, because its file was cut while it was open, is read on', async () => {
    const holed = Buffer.concat([Buffer.alloc(10_000), Buffer.from('\n'), LOG])
    expect(await read(holed)).toEqual(holed)
  })
})

describe('an import', () => {
  const accepting = (keys: string[]) => async (_: string, init: { body?: unknown }) => {
    const items = JSON.parse(String(init.body))
    keys.push(...items.map((item: { key: string }) => item.key))
    return Response.json({ accepted: items.length, duplicates: 0, conflicts: [] }, { status: 202 })
  }

  it('with a byte order mark counts as without it: NDJSON, and a log with {host}', async () => {
    const keys: string[] = []
    const fetch = accepting(keys)
    const ndjson = await importing([MARK, Buffer.from('{"key":"a"}\n')], { fetch })
    const log = await importing([MARK, Buffer.from(logLine('x'))], { fetch, template: 'from/{host}' })
    expect([figures(ndjson), figures(log)]).toEqual([
      { accepted: 1, code: 0 },
      { accepted: 1, code: 0 },
    ])
    expect(keys).toEqual(['a', 'from/1.2.3.4'])
    // As `cat a.log b.log` makes it.
    const input = [MARK, Buffer.from(logLine('x')), MARK, Buffer.from(logLine('y')), MARK]
    expect(figures(await importing(input, { fetch, template: 'from/{host}' }))).toEqual({
      accepted: 2,
      code: 0,
    })
    expect(new Set(keys)).toEqual(new Set(['a', 'from/1.2.3.4']))
  })

  it('has a count of its own for clients that sent no HTTP, and exits with 0', async () => {
    const keys: string[] = []
    const noHttp = '1.2.3.4 - - [17/May/2015:10:05:03 +0000] "\\x16\\x03" 400 0 "-" "-"\n'
    const outcome = await importing(logLine('a') + noHttp + noHttp + logLine('b'), { fetch: accepting(keys) })
    expect(figures(outcome)).toEqual({ accepted: 2, noRequests: 2, code: 0 })
    expect(outcome.summary).toMatch(/^no HTTP +2 +not requests, so not counted: lines 2 to 3$/m)
    expect(outcome.said).toEqual([])
  })

  it('of a log that no line of can be read still exits with 1', async () => {
    const keys: string[] = []
    expect(figures(await importing('the quick brown fox\n', { fetch: accepting(keys) })).code).toBe(1)
  })

  it('names the dashboard with its days', async () => {
    const lines = logLine('a') + logLine('b', '19/May/2015:23:05:03 +0000')
    const { summary } = await importing(lines, { fetch: accepting([]), url: new URL('https://w.test/x/') })
    expect(summary).toContain('\nSee it at https://w.test/x/?from=2015-05-17&to=2015-05-19&tz=UTC')
  })

  it('of UTF-16 stops with what to do, and counts nothing', async () => {
    const keys: string[] = []
    const outcome = await importing([Buffer.from(`\ufeff${LOG}`, 'utf16le')], { fetch: accepting(keys) })
    expect([outcome.code, keys]).toEqual([1, []])
    expect(outcome.summary).toContain('Stopped: The input is UTF-16. Convert it first: `iconv')
  })
})

it('what is printed shows what a terminal would obey', () => {
  expect(printable('a\x1b[31m\x00\u202eb\u{e0001}é', 100)).toBe('a\\x1b[31m\\x00\\u{202e}b\\u{e0001}é')
})
