import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parseConfig } from '../../src/config.ts'
import { TOKENS_BYTES_MAX } from '../../src/limits.ts'
import { runToken } from '../../src/local/token.ts'
import { importSecret, verifyToken } from '../../src/model/access/signed-token.ts'

type Ending = { readonly code: number; readonly out: string; readonly err: string }

/** All that a person sees of `npm run token`. */
async function run(args: readonly string[], env: Record<string, string> = {}): Promise<Ending> {
  const said: string[] = []
  const complaints: string[] = []
  const output = { say: (text: string) => said.push(text), complain: (text: string) => complaints.push(text) }
  const code = await runToken(args, output, env)
  return { code, out: said.join('\n'), err: complaints.join('\n') }
}

function fileOf(text: string): string {
  const dir = mkdtempSync(join(tmpdir(), 'sumdial-token-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  writeFileSync(join(dir, 'tokens.json'), text)
  return join(dir, 'tokens.json')
}

const lineOf = ({ out }: Ending) => /^\[.*\]$/m.exec(out)?.[0] ?? ''
const tokenOf = ({ out }: Ending) => /^ {2}(sd_\S+)$/m.exec(out)?.[1] ?? ''
const parse = (API_TOKENS: string) => parseConfig({ DATABASE_URL: 'postgresql://a:b@c/d', API_TOKENS }).tokens

const WEB = ['--name', 'web', '--scopes', 'write', '--prefix', 'site/acme']

/** As many tokens as are asked for. */
function present(count: number): string {
  const entries = Array.from({ length: count }, (_, i) => {
    return { name: `n${i}`, sha256: String(i).padStart(64, '0'), scopes: ['write'], prefix: `site/n${i}` }
  })
  return JSON.stringify(entries)
}

const SECRET = 'n'.repeat(32)
const SIGN = ['--sign', '--name', 'acme', '--scopes', 'write', '--prefix', 'customers/acme']

describe('npm run token -- --sign', () => {
  const tokenIn = ({ out }: Ending) => /^ {2}(sd_v1\S+)$/m.exec(out)?.[1] ?? ''
  const verify = async (token: string, secret = SECRET) => verifyToken(token, [await importSecret(secret)])

  test('signs a token by the newest secret, and prints no secret and no API_TOKENS', async () => {
    const TOKEN_SECRET = `${SECRET},${'o'.repeat(32)}`
    const made = await run([...SIGN, '--value-max', '5', '--expires', '2999-01-01T00:00:00Z'], {
      TOKEN_SECRET,
    })
    expect(made).toMatchObject({
      code: 0,
      err: '',
      out: expect.stringContaining('secret put REVOKED_TOKENS'),
    })
    expect(made.out).not.toContain(SECRET)
    expect(await verify(tokenIn(made))).toEqual({
      name: 'acme',
      grant: { name: 'signed\nacme', scopes: ['write'], prefix: 'customers/acme', limits: { valueMax: 5 } },
      expiresMs: Date.UTC(2999, 0),
    })
    expect(await verify(tokenIn(made), 'o'.repeat(32))).toBeUndefined()
  })

  test.each([
    [SIGN, {}, 'TOKEN_SECRET is not set in this shell. Make a secret with'],
    [SIGN, { TOKEN_SECRET: 'hunter2' }, 'TOKEN_SECRET must have 32 to 128'],
    [
      [...SIGN, '--expires', '2020-01-01T00:00:00Z'],
      { TOKEN_SECRET: SECRET },
      '--expires must be in the future',
    ],
    [[...SIGN, '--expires', 'soon'], { TOKEN_SECRET: SECRET }, '--expires must be a time such as'],
    [[...SIGN, '--tokens', 'x'], { TOKEN_SECRET: SECRET }, '--tokens is for tokens of API_TOKENS'],
    [
      ['--sign', '--name', 'a,b', '--scopes', 'read'],
      { TOKEN_SECRET: SECRET },
      '--name must not contain a comma',
    ],
    [[...WEB, '--expires', '2999-01-01T00:00:00Z'], {}, '--expires is for signed tokens: add --sign'],
    [
      [...SIGN, ...Array.from({ length: 120 }, (_, i) => `--keys=customers/acme/${i}`)],
      { TOKEN_SECRET: SECRET },
      'The token has',
    ],
  ])('%j is refused with exit code 2 and the reason', async (args, env, reason) => {
    const { code, out, err } = await run(args, env)
    expect({ code, out, err }).toEqual({ code: 2, out: '', err: expect.stringContaining(reason) })
    expect(err).not.toMatch(/hunter2|nnnn|\n {4}at /)
  })
})

describe('npm run token', () => {
  test('makes a token of 32 random bytes, and a value of API_TOKENS that has its hash and not itself', async () => {
    const made = await run(WEB)
    expect(made).toMatchObject({
      code: 0,
      err: '',
      out: expect.stringContaining('npx wrangler secret put API_TOKENS'),
    })
    const token = tokenOf(made)
    expect(Buffer.from(token.slice(3), 'base64url')).toHaveLength(32)
    expect(made.out.split(token)).toHaveLength(2)
    const sha256 = createHash('sha256').update(token).digest('hex')
    expect(parse(lineOf(made))).toEqual([{ name: 'web', sha256, scopes: ['write'], prefix: 'site/acme' }])
    expect(tokenOf(await run(WEB))).not.toBe(token)
  })

  test('reads a file that begins with a byte order mark as one without it', async () => {
    const [plain, marked] = [present(1), `\ufeff${present(1)}`]
    const made = await Promise.all([plain, marked].map((text) => run([...WEB, '--tokens', fileOf(text)])))
    expect(made.map((ending) => parse(lineOf(ending)).map(({ name }) => name))).toEqual([
      ['n0', 'web'],
      ['n0', 'web'],
    ])
  })

  test('adds to the tokens of a file, or else to those of the environment', async () => {
    const file = fileOf(`${lineOf(await run(WEB))}\n`)
    const args = ['--name', 'ops', '--scopes', 'admin, read']
    const added = await run([...args, '--tokens', file], { API_TOKENS: '[]' })
    expect(parse(lineOf(added)).map(({ name, scopes, prefix }) => ({ name, scopes, prefix }))).toEqual([
      { name: 'web', scopes: ['write'], prefix: 'site/acme' },
      { name: 'ops', scopes: ['read', 'admin'], prefix: null },
    ])
    const third = await run(['--name', 'third', '--scopes', 'read'], { API_TOKENS: lineOf(added) })
    expect(parse(lineOf(third))).toHaveLength(3)
    expect(third.out).toMatch(/3 tokens, \d+ of 5120 bytes, room for about \d+ more/)
  })

  test('writes the limits that are asked for, as the Worker reads them', async () => {
    const limits = ['--value-max', '10', '--items-max=20', '--keys', 'site/acme/a', '--keys', 'site/acme']
    const made = await run([...WEB, ...limits])
    expect(made).toMatchObject({ code: 0, err: '' })
    expect(parse(lineOf(made))).toMatchObject([
      { limits: { valueMax: 10, itemsMax: 20, keys: new Set(['site/acme/a', 'site/acme']) } },
    ])
    const deep = await run([...WEB, '--depth', '2'])
    expect(parse(lineOf(deep))).toMatchObject([{ prefix: 'site/acme', limits: { depth: 2 } }])
  })

  test('refuses a value that no secret can hold, which is after some 35 tokens', async () => {
    const withOneMore = await run(WEB, { API_TOKENS: present(34) })
    expect(withOneMore).toMatchObject({ code: 0, err: '' })
    expect(Buffer.byteLength(lineOf(withOneMore))).toBeLessThanOrEqual(TOKENS_BYTES_MAX)
    const tooMany = await run(WEB, { API_TOKENS: present(40) })
    expect(tooMany).toMatchObject({ code: 2, out: '', err: expect.stringContaining('at most 5120') })
  })

  test.each([
    [[], {}, '--name must not be empty'],
    [['--name', 'a\nb', '--scopes', 'read'], {}, '--name must be well-formed'],
    [['--name', 'a'], {}, '--scopes is missing'],
    [
      ['--name', 'a', '--scopes', 'write,wrte'],
      {},
      '--scopes: there is no scope `wrte`. Give one or more of write, read, adjust, admin',
    ],
    [[...WEB.slice(0, 4), '--prefix', 'site/'], {}, '--prefix must be whole segments'],
    [[...WEB, '--value-max', 'ten'], {}, '--value-max must be a whole number from 1 to'],
    [[...WEB, '--depth', '1', '--keys', 'site/acme'], {}, '--depth cannot be combined with keys'],
    [[...WEB, '--keys', 'other'], {}, '--keys must be under the prefix'],
    [['--nmae', 'a'], {}, 'There is no option `--nmae`'],
    [['a'], {}, '`a` belongs to no option'],
    [[...WEB, '--tokens', 'nowhere.json'], {}, '--tokens: ENOENT'],
    [WEB, { API_TOKENS: '[hunter2' }, 'API_TOKENS: must be JSON'],
    [WEB, { API_TOKENS: '[{"name":"hunter2"}]' }, 'API_TOKENS: [0].sha256 must be a string'],
    [
      ['--name', 'n1', '--scopes', 'read'],
      { API_TOKENS: present(2) },
      '--name n1: API_TOKENS has a token of this name',
    ],
  ])('%j is refused with exit code 2 and the reason', async (args, env, reason) => {
    const { code, out, err } = await run(args, env)
    expect({ code, out, err }).toEqual({ code: 2, out: '', err: expect.stringContaining(reason) })
    expect(err).not.toMatch(/hunter2|\n {4}at /)
  })

  test('--help names every option and scope', async () => {
    const { code, out } = await run(['--help'])
    expect(code).toBe(0)
    for (const word of [
      '--name',
      '--scopes',
      '--prefix',
      '--value-max',
      '--items-max',
      '--depth',
      '--keys',
      '--tokens',
      '--sign',
      '--expires',
      'write',
      'read',
      'adjust',
      'admin',
    ])
      expect(out).toContain(word)
  })
})
