import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { unstable_readConfig } from 'wrangler'
import { runWrangler, type Wrangler } from '../../../src/local/deploy/wrangler.ts'
import { migrate } from '../../../src/local/migrate.ts'
import { Account, CONFIG, hour, useStand } from './stand.ts'

const stand = useStand()

const TOKENS = JSON.stringify([{ name: 'a', sha256: 'a'.repeat(64), scopes: ['read'] }])

describe('npm run deploy', () => {
  test('first: migrates, takes the secrets along, records what is live, and says what is missing', async () => {
    const account = new Account()
    const { code, text } = await stand.run(account)
    expect(text).toContain('applied 0000_init')
    expect(text).toContain('npx wrangler secret put API_TOKENS --env=""')
    expect(text).toContain('182.5 CU-hours: $19.34')
    expect(code).toBe(0)
    expect(account.secrets.get('sumdial')).toEqual(new Map([['DATABASE_URL', stand.databaseUrl]]))
    expect(() => statSync(account.secretsFile)).toThrow('ENOENT')
    const id = account.live.get('sumdial')
    expect(await stand.record()).toMatchObject({
      v: 1,
      live: { id, SHARDS: '1', LATE_HOURS: '72' },
      unconfirmed: [],
    })
  })

  test('second, without a change: nothing to migrate, nothing to refuse, nothing missing', async () => {
    const account = new Account()
    await stand.run(account, { env: { DATABASE_URL: stand.databaseUrl, API_TOKENS: TOKENS } })
    const { code, text } = await stand.run(account)
    expect(code).toBe(0)
    expect(text).toContain('nothing to migrate')
    expect(text).not.toMatch(/secret put|WARNING: a Worker/)
    expect(account.secrets.get('sumdial')?.get('API_TOKENS')).toBe(TOKENS)
  })

  test('takes a secret that signs tokens along, which is as good as tokens', async () => {
    const account = new Account()
    const env = { DATABASE_URL: stand.databaseUrl, TOKEN_SECRET: 'n'.repeat(32), REVOKED_TOKENS: 'acme' }
    const { code, text } = await stand.run(account, { env })
    expect(code).toBe(0)
    expect(text).not.toMatch(/secret put|nnnn/)
    expect(Object.fromEntries(account.secrets.get('sumdial') ?? [])).toEqual(env)
    const faulty = await stand.run(account, { env: { ...env, TOKEN_SECRET: 'hunter2' } })
    expect(faulty.code).toBe(2)
    expect(faulty.text).toContain('TOKEN_SECRET[0] must have 32 to 128')
    expect(faulty.text).not.toContain('hunter2')
  })

  test('never shows a secret', async () => {
    const url = stand.databaseUrl.replace('postgres:postgres@', 'postgres:s3cret@')
    const { code, text } = await stand.run(new Account(), { env: { DATABASE_URL: url, API_TOKENS: TOKENS } })
    expect(code).toBe(0)
    expect(text).not.toContain('s3cret')
    expect(text).not.toContain('aaaaaaaa')
  })

  test('[K2] lets a change begin one full hour after it, and no earlier', async () => {
    const account = new Account()
    await stand.run(account)
    const soon = await stand.run(account, { config: stand.edited({ SHARDS: `1, 16@${hour(1)}` }) })
    expect(soon.code).toBe(1)
    expect(soon.text).toContain(`SHARDS: ${hour(1)} begins in less than one full hour`)
    expect(soon.text).toContain(`Write SHARDS = "1, 16@${hour(2)}" instead`)
    expect(await stand.run(account, { config: stand.edited({ SHARDS: `1, 16@${hour(2)}` }) })).toMatchObject({
      code: 0,
    })
    expect(await stand.record()).toMatchObject({ live: { SHARDS: `1, 16@${hour(2)}` } })
  })

  test('[K2] refuses an edit of begun hours: names variable, hour, both values and the way out, changes nothing', async () => {
    const account = new Account()
    await stand.run(account)
    const { code, text } = await stand.run(account, {
      config: stand.edited({ SHARDS: '16', LATE_HOURS: '24' }),
    })
    expect(code).toBe(1)
    expect(text).toContain(
      [
        `SHARDS: ${hour(-73)} has begun, and its shards may hold increments or still take some. Its value is 1, and this edit would make it 16.`,
        `  Write SHARDS = "1, 16@${hour(2)}" instead: every hour keeps the value that it began with.`,
        `LATE_HOURS: ${hour(-73)} has begun, and its shards may hold increments or still take some. Its value is 72, and this edit would make it 24.`,
        `  Write LATE_HOURS = "72, 24@${hour(2)}" instead: every hour keeps the value that it began with.`,
        'Nothing was changed.',
      ]
        .join('\n')
        .replaceAll(hour(-73), text.match(/^SHARDS: (\S+)/m)?.[1] ?? ''),
    )
    expect(account.calls.filter(([command]) => command === 'deploy')).toHaveLength(1)
    expect(await stand.record()).toMatchObject({ live: { SHARDS: '1' }, unconfirmed: [] })
  })

  test('[R1] keeps the entry of an old hour for as long as a shard of it still holds something', async () => {
    const account = new Account()
    await stand.run(account, { config: stand.edited({ SHARDS: '16, 1@2026-10-01T00Z' }) })
    const shard = '2026-09-30T05Z/9'
    await stand.ask(
      `insert into sumdial.ledger (writer, shard, seq) values (gen_random_uuid(), '${shard}', 1)`,
    )
    const config = stand.edited({ SHARDS: '1' })
    const { code, text } = await stand.run(account, { config })
    expect(code).toBe(1)
    expect(text).toContain(
      'SHARDS: a shard of 2026-09-30T05Z still holds something (see GET /hours/2026-09-30T05Z)',
    )
    await stand.ask('update sumdial.ledger set sealed = true')
    expect(await stand.run(account, { config })).toMatchObject({ code: 0 })
  })

  test('[S1] names all bad variables at once, secrets and typos among the vars too, and touches nothing', async () => {
    const config = stand.edited({
      SHARDS: '0',
      LATE_HOURS: 'x',
      LINGER_MS: '5"\nDEV_ACCESS = "open"\nSHARDZ = "1',
    })
    writeFileSync(config, readFileSync(config, 'utf8').replaceAll('\\n', '\n').replaceAll('\\"', '"'))
    const account = new Account()
    const { code, text } = await stand.run(account, { config, env: {} })
    expect(code).toBe(2)
    for (const name of ['SHARDS', 'LATE_HOURS', 'DEV_ACCESS would let everyone', 'SHARDZ is not a variable'])
      expect(text).toContain(name)
    expect(account.calls).toEqual([])
  })

  test('keeps staging apart, warns that the database is shared, and lists the environments that there are', async () => {
    const account = new Account()
    await stand.run(account)
    const { code, text } = await stand.run(account, {
      args: ['--env', 'staging'],
      config: stand.edited({ SHARDS: '16' }),
    })
    expect(code).toBe(0)
    expect(text).toContain('WARNING: sumdial has deployed with this database too')
    expect(text).toContain('secret put API_TOKENS --env staging')
    expect(await stand.record('sumdial-staging')).toMatchObject({ live: { SHARDS: '16' } })
    expect(await stand.record()).toMatchObject({ live: { SHARDS: '1' } })
    expect(await stand.run(account, { args: ['--env', 'stage'] })).toMatchObject({
      code: 2,
      text: expect.stringMatching(/--env stage: .*It has: staging\./),
    })
  })

  test('says what Cloudflare said, before anything is changed', async () => {
    const wrangler: Wrangler = async () => ({ code: 1, text: 'You are not authenticated', versionId: null })
    const { code, text } = await stand.run(new Account(), { wrangler })
    expect(code).toBe(1)
    expect(text).toContain('You are not authenticated')
    expect(text).toContain('npx wrangler login')
    expect(await stand.ask("select to_regclass('sumdial.settings') as there")).toEqual([{ there: null }])
  })

  test('says which database does not answer, without its password', async () => {
    const env = { DATABASE_URL: 'postgresql://me:s3cret@127.0.0.1:1/db' }
    const { code, text } = await stand.run(new Account(), { env })
    expect(code).toBe(1)
    expect(text).toContain('postgresql://me@127.0.0.1:1/db')
    expect(text).not.toContain('s3cret')
  })

  test('warns of a Worker that was deployed without a record', async () => {
    const account = new Account()
    account.secrets.set('sumdial', new Map())
    expect((await stand.run(account)).text).toContain('WARNING: the Worker sumdial exists already')
  })
})

describe('npm run deploy without DATABASE_URL in its shell', () => {
  test('deploys the code, keeps the secrets of the Worker, and says that the Worker migrates itself', async () => {
    const account = new Account()
    account.secrets.set('sumdial', new Map([['DATABASE_URL', stand.databaseUrl]]))
    const { code, text } = await stand.run(account, { env: {} })
    expect(text).toContain('The Worker migrates itself with its first flush')
    expect(text).toContain('npx wrangler secret put DATABASE_URL --env=""')
    expect(code).toBe(0)
    expect(account.live.has('sumdial')).toBe(true)
    expect(account.secrets.get('sumdial')).toEqual(new Map([['DATABASE_URL', stand.databaseUrl]]))
    expect(await stand.ask("select to_regclass('sumdial.settings') as there")).toEqual([{ there: null }])
  })

  test('takes the other secrets along, and fails when wrangler does', async () => {
    const account = new Account()
    const API_TOKENS = JSON.stringify([{ name: 'me', sha256: 'a'.repeat(64), scopes: ['read'] }])
    await stand.run(account, { env: { API_TOKENS } })
    expect(account.secrets.get('sumdial')).toEqual(new Map([['API_TOKENS', API_TOKENS]]))
    account.meanwhile = async () => ({ code: 1, isLive: false })
    expect(await stand.run(account, { env: {} })).toMatchObject({
      code: 1,
      text: expect.stringContaining('wrangler failed with exit code 1'),
    })
  })

  test('rehearses too, and refuses bad variables all the same', async () => {
    const account = new Account()
    const { code, text } = await stand.run(account, { args: ['--dry-run'], env: {} })
    expect([code, account.live.size]).toEqual([0, 0])
    expect(text).toContain('Dry run: nothing was changed.')
    expect((await stand.run(account, { env: {}, config: stand.edited({ SHARDS: '0' }) })).code).toBe(2)
  })
})

test('[K2] what a cron has seen of a Worker that wrangler alone deployed is what its first `npm run deploy` is checked against', async () => {
  await migrate(stand.databaseUrl)
  const seen = { v: 1, SHARDS: '4', LATE_HOURS: '72', seen: new Date().toISOString() }
  await stand.ask(`insert into sumdial.settings (name, value) values ('seen:abc', '${JSON.stringify(seen)}')`)
  const account = new Account()
  const refused = await stand.run(account)
  expect(refused.code).toBe(1)
  expect(refused.text).toContain('Its value is 4, and this edit would make it 1')
  expect(account.live.size).toBe(0)
  expect((await stand.run(account, { config: stand.edited({ SHARDS: '4' }) })).code).toBe(0)
  // From then on its own record counts, whatever the cron has seen.
  expect((await stand.record()).live).toMatchObject({ SHARDS: '4' })
})

test('a wrangler.toml that wrangler cannot read is said in its words', async () => {
  const config = join(stand.folder, 'broken.toml')
  writeFileSync(config, 'name = "sumdial')
  expect(await stand.run(new Account(), { config })).toMatchObject({
    code: 2,
    text: expect.stringContaining('broken.toml'),
  })
})

describe('npm run deploy -- --dry-run', () => {
  test('builds with wrangler itself, reads the database, says what it would do, and changes nothing', async () => {
    const wrangler: Wrangler = (args) => runWrangler([...args, '--outdir', stand.folder], 'caught')
    const { code, text } = await stand.run(new Account(), {
      args: ['--dry-run', '--env', 'staging'],
      wrangler,
    })
    expect(text).toContain('Postgres: would apply 0000_init')
    expect(text).toContain('Would record: SHARDS = "1", LATE_HOURS = "72"')
    expect(text).toContain('Dry run: nothing was changed.')
    expect(code).toBe(0)
    expect(readFileSync(join(stand.folder, 'index.js'), 'utf8')).toContain('Shard')
    expect(await stand.ask("select to_regclass('sumdial.settings') as there")).toEqual([{ there: null }])
  })

  test('refuses as the real one does', async () => {
    const account = new Account()
    await stand.run(account)
    const { code, text } = await stand.run(account, {
      args: ['--dry-run'],
      config: stand.edited({ SHARDS: '2' }),
    })
    expect(code).toBe(1)
    expect(text).toContain('this edit would make it 2')
  })
})

test('staging has every binding, and every var with whatever value, and no name or count of the top level', () => {
  const top = unstable_readConfig({ config: CONFIG, env: '' })
  const staging = unstable_readConfig({ config: CONFIG, env: 'staging' })
  expect(Object.keys(staging.vars)).toEqual(Object.keys(top.vars))
  const ids = [...top.ratelimits, ...staging.ratelimits].map(({ namespace_id }) => namespace_id)
  expect(new Set(ids).size).toBe(2 * top.ratelimits.length)
  expect(staging).toEqual({
    ...top,
    name: 'sumdial-staging',
    targetEnvironment: 'staging',
    ratelimits: top.ratelimits.map((limit: object) => ({ ...limit, namespace_id: expect.any(String) })),
    vars: expect.objectContaining({}),
  })
})
