import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { command } from '../../support/command.ts'
import { accept, listen, problem } from '../scripted-worker.ts'

const ENTRY = await command('import')

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sumdial-import-'))
})
afterAll(() => rm(folder, { recursive: true }))

const logOf = (lines: number) =>
  Array.from(
    { length: lines },
    (_, n) => `h - - [17/May/2015:10:05:03 +0000] "GET /${n} HTTP/1.1" 200 1\n`,
  ).join('')

function start(args: readonly string[], input?: string) {
  const child = spawn(process.execPath, [ENTRY, ...args], { cwd: folder, stdio: 'pipe' })
  const output = { out: '', err: '' }
  child.stdout.on('data', (chunk: Buffer) => {
    output.out += chunk
  })
  child.stderr.on('data', (chunk: Buffer) => {
    output.err += chunk
  })
  if (input !== undefined) child.stdin.end(input)
  const ended = new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, ...output }))
  })
  return { child, ended }
}

describe('npm run import', () => {
  it('imports a file and sums up', async () => {
    const server = await listen(({ items }, _, response) => accept(response, items.length))
    await writeFile(join(folder, 'a.log'), logOf(2_500))
    const { code, out, err } = await start(['--url', server.url.href, '--key', 'hits{path}', 'a.log']).ended
    await server.close()
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toMatch(
      /^lines +2,500 +the next is line 2501\naccepted +2,500\nrefused +0\nunknown +0\nhours +1 +2015-05-17T10Z/,
    )
    expect(server.received.map((request) => request.items.length)).toEqual([1_000, 1_000, 500])
    expect(server.received[0]?.items[0]?.key).toBe('hits/0')
  })

  it('takes NDJSON from standard input, and exits with 1 for what was refused', async () => {
    const server = await listen(({ items }, _, response) => {
      if (items.length === 1) accept(response, 1)
      else problem(response, 422, { errors: [{ index: 0, path: 'value', message: 'must be at least 1' }] })
    })
    const run = start(['--url', server.url.href], '{"key":"a","value":0}\n{"key":"b"}\n')
    const { code, out, err } = await run.ended
    await server.close()
    expect(code).toBe(1)
    expect(err).toMatch(/^line 1 refused: value must be at least 1: \{"at":\d+,"key":"a","value":0\}$/m)
    expect(out).toMatch(/accepted +1\nrefused +1\n/)
  })

  it('tells a second import that nothing was counted again, and exits with 0', async () => {
    const known = new Set<string>()
    const server = await listen(({ items, headers }, _, response) => {
      const name = String(headers['idempotency-key'])
      if (known.has(name)) accept(response, 0, items.length)
      else accept(response, items.length)
      known.add(name)
    })
    await writeFile(join(folder, 'twice.log'), logOf(1_500))
    await writeFile(join(folder, 'twice.log.gz'), gzipSync(logOf(1_500)))
    const importOf = (...args: string[]) => start(['--url', server.url.href, ...args]).ended
    expect((await importOf('twice.log')).out).toMatch(/accepted +1,500\n/)
    const again = await importOf('twice.log')
    const packed = await importOf('twice.log.gz')
    const asked = await importOf('twice.log', '--again')
    await server.close()
    for (const { code, out } of [again, packed]) {
      expect(code).toBe(0)
      expect(out).toMatch(
        /accepted +0\nduplicates +1,500 +had been counted by an earlier import of this file\n/,
      )
    }
    expect(asked.out).toMatch(/accepted +1,500\n/)
  })

  it('says how far it got in a gzip file that was cut off, and exits with 1', async () => {
    const server = await listen(({ items }, _, response) => accept(response, items.length))
    const whole = gzipSync(logOf(30_000))
    await writeFile(join(folder, 'cut.log.gz'), whole.subarray(0, whole.length / 2))
    const { code, out } = await start(['--url', server.url.href, 'cut.log.gz']).ended
    await server.close()
    expect(code).toBe(1)
    expect(out).toMatch(
      /^Stopped: The gzip data ends too early, after [\d,]+ bytes: the file is incomplete\. Read up to line \d+\.$/m,
    )
    const counted = server.received.flatMap(({ items }) => items).length
    expect(counted).toBeGreaterThan(0)
    expect(counted % 1_000).toBe(0)
  })

  it('says at once that nothing answers', async () => {
    const { url, close } = await listen(() => undefined)
    await close()
    const { code, out, err } = await start(['--url', url.href], logOf(3)).ended
    expect({ code, err }).toEqual({ code: 1, err: '' })
    expect(out).toContain(`Nothing answers at ${url.origin}. Start it with npm run dev, or pass --url.`)
  })

  it('ends well on Ctrl-C: what is under way is finished, and the exit code is 130', async () => {
    let interrupted: ReturnType<typeof start> | undefined
    const server = await listen(({ items }, _, response) => {
      interrupted?.child.kill('SIGINT')
      // Long enough for the signal to come first.
      setTimeout(() => accept(response, items.length), 200)
    })
    interrupted = start(['--concurrency', '1', '--url', server.url.href])
    interrupted.child.stdin.write(logOf(1_010))
    const { code, out } = await interrupted.ended
    await server.close()
    expect(code).toBe(130)
    expect(out).toMatch(/accepted +1,000\nrefused +0\nunknown +0\n/)
    expect(out).toContain('Run the same command again to go on: nothing is counted twice.')
  })

  it('sends nothing in a dry run, and shows what it would send', async () => {
    const { code, out } = await start(['--dry-run', '--url', 'http://127.0.0.1:1'], logOf(3)).ended
    expect(code).toBe(0)
    expect(out).toMatch(/^\{"key":"requests\/0","at":"2015-05-17T10:05:03Z"\}\n/)
    expect(out).toMatch(/readable +3 +nothing was sent/)
  })

  it('refuses in a dry run what the server would refuse, in its words, and exits with 1', async () => {
    const lines = ['{"foo":1}', '{"key":"a"}', '{"key":"b","value":1.5}', '{"key":"c","id":"x"}']
    const { code, out, err } = await start(['--dry-run'], lines.join('\n')).ended
    expect(code).toBe(1)
    expect(err).toMatch(
      /^line 1 refused: .*has unknown fields "foo": use key, value, at, id and labels only/m,
    )
    expect(err).toMatch(/^line 3 refused: value must be a whole number/m)
    expect(err).toMatch(/^line 4 refused: at at_required: give `at` with an id/m)
    expect(out).toMatch(/readable +1 .*\nrefused +3\n/)
  })

  it('names UTF-16 for what it is, and exits with 1', async () => {
    await writeFile(join(folder, 'wide.log'), Buffer.from(`\ufeff${logOf(3)}`, 'utf16le'))
    const { code, out } = await start(['--dry-run', 'wide.log']).ended
    expect(code).toBe(1)
    expect(out).toContain('Stopped: The input is UTF-16.')
  })

  it.each([
    [['missing.log'], /missing\.log/],
    [['.'], /is a folder/],
    [['--key', '{nope}', '-'], /no \{nope\}: there is \{path\}/],
  ])('%j is called wrongly: exit code 2, and no stack', async (args, words) => {
    const { code, out, err } = await start(args, '').ended
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toMatch(words)
    expect(err).not.toContain('    at ')
  })

  it('has a help', async () => {
    const { code, out } = await start(['--help'], '').ended
    expect(code).toBe(0)
    for (const option of ['url', 'token', 'key', 'format', 'concurrency', 'again', 'follow', 'dry-run'])
      expect(out).toContain(`--${option}`)
  })
})
