import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ConfigError, parseConfig } from '../../../src/config.ts'
import { ROUTES } from '../../../src/edge/routes.ts'
import { rightsOf } from '../../../src/model/access/grant.ts'
import { covers } from '../../../src/model/key.ts'
import { keys } from '../../support/arbitraries.ts'

const DATABASE_URL = 'postgresql://sumdial:sumdial@localhost/sumdial'
const HASH = 'a1'.repeat(32)
const WEB = { name: 'web', sha256: HASH, scopes: ['write'], prefix: 'site/acme' }
const OPS = { name: 'ops', sha256: 'b2'.repeat(32), scopes: ['read', 'admin'] }

const parse = (env: object) => parseConfig({ DATABASE_URL, ...env })

/** The faults with which a configuration is refused. */
function faultOf(env: object): string {
  try {
    parse(env)
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  return 'none'
}

describe('a prefix', () => {
  test('[S2] covers itself and what is below it, in whole segments, and nothing else', () => {
    const segments = (key: string) => key.split('/')
    fc.assert(
      fc.property(keys, keys, (prefix, key) => {
        const isBelow = segments(prefix).every((segment, i) => segments(key)[i] === segment)
        expect(covers(prefix, key)).toBe(isBelow)
        expect(covers(prefix, `${prefix}/${key}`)).toBe(true)
        expect(covers(prefix, `${prefix}${key}`)).toBe(key.startsWith('/'))
        expect(covers(null, key)).toBe(true)
      }),
    )
  })
})

describe('API_TOKENS', () => {
  test('are tokens by name', () => {
    expect(parse({ API_TOKENS: JSON.stringify([WEB, OPS]) }).tokens).toEqual([WEB, { ...OPS, prefix: null }])
    // `wrangler secret put API_TOKENS < tokens.json`, with a file of Windows.
    expect(parse({ API_TOKENS: `\ufeff${JSON.stringify([WEB])}` }).tokens).toEqual([WEB])
    expect(parse({}).tokens).toEqual([])
  })

  test('[S1] where they are given, none included, DEV_ACCESS opens nothing', () => {
    expect(parse({ DEV_ACCESS: 'open' }).isOpen).toBe(true)
    expect(parse({ DEV_ACCESS: 'open', API_TOKENS: '[]' }).isOpen).toBe(false)
    expect(parse({}).isOpen).toBe(false)
  })

  test.each([
    ['no JSON', '[hunter2', 'API_TOKENS must be JSON'],
    ['no array', '{"hunter2":1}', 'API_TOKENS must be a JSON array'],
    ['an entry that is none', '["hunter2"]', 'API_TOKENS[0] must be an object'],
  ])('are refused that are %s, by what is wrong', (_, API_TOKENS, fault) => {
    expect(faultOf({ API_TOKENS })).toContain(fault)
    expect(faultOf({ API_TOKENS })).not.toContain('hunter2')
  })

  test.each([
    ['no name', { name: undefined }, '[1].name must be a string'],
    ['an empty name', { name: '' }, '[1].name must not be empty'],
    [
      'a control character in the name',
      { name: 'hunter2\n' },
      '[1].name must be well-formed Unicode without',
    ],
    ['a name that is there', { name: 'web' }, '[1].name must differ from that of token [0]'],
    ['a hash that is there', { sha256: HASH }, '[1].sha256 must differ from that of token [0]'],
    [
      'a token for its hash',
      { sha256: 'sd_hunter2' },
      '[1].sha256 must be a SHA-256 hash in 64 lower-case hex',
    ],
    ['an unknown scope', { scopes: ['read', 'hunter2'] }, '[1].scopes[1] must be one of write, read, adjust'],
    ['no scopes', { scopes: [] }, '[1].scopes must have at least one scope'],
    ['one scope as text', { scopes: 'read' }, '[1].scopes must be an array'],
    ['an unknown field', { hunter2: 'hunter2' }, '[1] must be an object with name, sha256, scopes and'],
    ['a prefix that ends with a slash', { prefix: 'hunter2/' }, '[1].prefix must be whole segments'],
    ['a prefix that begins with one', { prefix: '/hunter2' }, '[1].prefix must be whole segments'],
    ['an empty segment in the prefix', { prefix: 'a//hunter2' }, '[1].prefix must be whole segments'],
    ['an empty prefix', { prefix: '' }, '[1].prefix must not be empty'],
    ['a control character in the prefix', { prefix: 'hunter2\t' }, '[1].prefix must not contain control'],
  ])('are refused with %s, by entry and field, and no value is repeated', (_, change, fault) => {
    const API_TOKENS = JSON.stringify([WEB, { ...OPS, ...change }])
    expect(faultOf({ API_TOKENS })).toContain(`API_TOKENS${fault}`)
    expect(faultOf({ API_TOKENS })).not.toContain('hunter2')
  })
})

describe('the limits of a token', () => {
  const LIMITED = { ...WEB, valueMax: 10, itemsMax: 20, depth: 2 }
  const LISTED = { ...OPS, scopes: ['write'], keys: ['a', 'b/c'] }

  test('are what its entry says, and a token without any has none', () => {
    const { tokens } = parse({ API_TOKENS: JSON.stringify([LIMITED, LISTED]) })
    expect(tokens.map(({ limits }) => limits)).toEqual([
      { valueMax: 10, itemsMax: 20, depth: 2 },
      { keys: new Set(['a', 'b/c']) },
    ])
    expect(tokens.map(rightsOf)).toEqual(
      [LIMITED, LISTED].map(({ name: _, sha256: __, ...rights }) => rights),
    )
  })

  test.each([
    [{ valueMax: 0 }, 'valueMax must be a whole number from 1 to 9007199254740991'],
    [{ valueMax: '10' }, 'valueMax must be a whole number'],
    [{ itemsMax: 10_001 }, 'itemsMax must be a whole number from 1 to 10000'],
    [{ depth: 1.5 }, 'depth must be a whole number from 1 to 256'],
    [{ keys: 'site/acme' }, 'keys must be an array of keys'],
    [{ keys: [] }, 'keys must have at least one key'],
    [{ keys: ['site/acme', 'site/acme/\n'] }, 'keys[1] must not contain control characters'],
    [{ keys: ['site/acme', 'site/acme-corp'] }, 'keys[1] must be under the prefix'],
    [{ keys: ['site/acme'], depth: 1 }, 'depth cannot be combined with keys'],
    [{ scopes: ['read'], itemsMax: 1 }, 'itemsMax limits counting, so it needs the scope write'],
  ])('are refused with %j, by entry and field', (change, fault) => {
    expect(faultOf({ API_TOKENS: JSON.stringify([OPS, { ...WEB, ...change }]) })).toContain(
      `API_TOKENS[1].${fault}`,
    )
  })
})

describe('a token with the scope hit', () => {
  const HIT = { name: 'page', sha256: HASH, scopes: ['hit'], prefix: 'site/acme' }

  test('[S3] has a prefix, and perhaps a list of keys', () => {
    const listed = { ...HIT, keys: ['site/acme/a'] }
    for (const token of [HIT, listed]) {
      expect(parse({ API_TOKENS: JSON.stringify([token]) }).tokens[0]).toMatchObject({ scopes: ['hit'] })
    }
  })

  test.each([
    [{ scopes: ['hit', 'read'] }, 'scopes must have no other scope beside hit'],
    [{ scopes: ['write', 'hit'] }, 'scopes must have no other scope beside hit'],
    [{ prefix: undefined }, 'prefix must be given with the scope hit'],
    [{ prefix: 'a'.repeat(505) }, 'prefix must be shorter with the scope hit'],
    [{ valueMax: 5 }, 'valueMax cannot be combined with the scope hit'],
    [{ itemsMax: 5 }, 'itemsMax cannot be combined with the scope hit'],
    [{ depth: 1 }, 'depth cannot be combined with the scope hit'],
    [{ keys: ['other'] }, 'keys[0] must be under the prefix'],
  ])('[S3] is refused with %j, in API_TOKENS', (change, fault) => {
    expect(faultOf({ API_TOKENS: JSON.stringify([{ ...HIT, ...change }]) })).toContain(
      `API_TOKENS[0].${fault}`,
    )
  })
})

describe('HIT_PATH', () => {
  test('is a path of its own, and /hit without it', () => {
    expect(
      [{}, { HIT_PATH: '' }, { HIT_PATH: '/p' }, { HIT_PATH: '/a/b-c' }].map((env) => parse(env).hitPath),
    ).toEqual(['/hit', '/hit', '/p', '/a/b-c'])
  })

  test.each(['hit', '/', '/hit/', '/Hit', '/a//b', '/a/*', '/:a', 'https://a.test/hit', '/a.js'])(
    '%s is refused',
    (path) => {
      expect(faultOf({ HIT_PATH: path })).toContain('HIT_PATH must be a path such as /hit')
    },
  )

  test('hides no other route of the Worker', () => {
    const firsts = ROUTES.map(({ path }) => /^\/[^/.:*]*/.exec(path)?.[0] ?? '').filter(
      (path) => path.length > 1,
    )
    const own = [...new Set(firsts)].filter((path) => path !== '/hit')
    expect(own.length).toBeGreaterThan(10)
    for (const path of own) {
      expect(faultOf({ HIT_PATH: `${path}/x` })).toContain('HIT_PATH must not begin like another route')
      expect(faultOf({ HIT_PATH: path })).toContain('HIT_PATH must not begin like another route')
    }
  })
})

describe('TOKEN_SECRET', () => {
  const [NEW, OLD] = ['n'.repeat(32), 'o-_'.repeat(20)]

  test('is one secret, or two while one replaces the other', () => {
    expect(parse({}).tokenSecrets).toEqual([])
    expect(parse({ TOKEN_SECRET: '' }).tokenSecrets).toEqual([])
    expect(parse({ TOKEN_SECRET: NEW }).tokenSecrets).toEqual([NEW])
    expect(parse({ TOKEN_SECRET: `${NEW}, ${OLD}` }).tokenSecrets).toEqual([NEW, OLD])
  })

  test('[S1] where it is given, DEV_ACCESS opens nothing', () => {
    expect(parse({ DEV_ACCESS: 'open', TOKEN_SECRET: '' }).isOpen).toBe(true)
    expect(parse({ DEV_ACCESS: 'open', TOKEN_SECRET: NEW }).isOpen).toBe(false)
  })

  test.each([
    ['hunter2', 'TOKEN_SECRET[0] must have 32 to 128 letters'],
    [`${'n'.repeat(32)},hunter2`, 'TOKEN_SECRET[1] must have 32 to 128 letters'],
    [`hunter2 ${'n'.repeat(32)}`, 'TOKEN_SECRET[0] must have 32 to 128 letters'],
    ['hunter2'.repeat(20), 'TOKEN_SECRET[0] must have 32 to 128 letters'],
    [`${NEW},${OLD},${NEW}`, 'TOKEN_SECRET must be one secret, or a new one and an old one'],
  ])('%s is refused by its place, and not repeated', (TOKEN_SECRET, fault) => {
    expect(faultOf({ TOKEN_SECRET })).toContain(fault)
    expect(faultOf({ TOKEN_SECRET })).not.toMatch(/hunter2|nnn/)
  })

  test('REVOKED_TOKENS are names, comma separated', () => {
    expect(parse({ REVOKED_TOKENS: 'acme, old customer,' }).revokedTokens).toEqual(['acme', 'old customer'])
    expect(faultOf({ REVOKED_TOKENS: `a,${'b'.repeat(65)}` })).toContain(
      'REVOKED_TOKENS[1] must have at most 64',
    )
  })
})

describe('ALLOWED_ORIGINS', () => {
  test('are origins, comma separated', () => {
    expect(parse({}).allowedOrigins).toEqual([])
    expect(parse({}).publicPrefixes).toEqual([])
    expect(parse({ PUBLIC_PREFIXES: 'site/docs, downloads' }).publicPrefixes).toEqual([
      'site/docs',
      'downloads',
    ])
    expect(() => parse({ PUBLIC_PREFIXES: 'site/' })).toThrow('PUBLIC_PREFIXES[0] must be whole segments')
    const ALLOWED_ORIGINS = 'https://example.com, http://localhost:5173,'
    expect(parse({ ALLOWED_ORIGINS }).allowedOrigins).toEqual([
      'https://example.com',
      'http://localhost:5173',
    ])
  })

  test.each([
    '*',
    'null',
    'example.com',
    'https://example.com/',
    'https://EXAMPLE.com',
    'ftp://example.com',
    'https://*.a.b/c',
  ])('%s is refused, by its place', (origin) => {
    expect(faultOf({ ALLOWED_ORIGINS: `https://a.test,${origin}` })).toContain(
      'ALLOWED_ORIGINS[1] must be an origin',
    )
  })
})
