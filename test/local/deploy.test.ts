import { randomUUID } from 'node:crypto'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { unstable_readConfig } from 'wrangler'
import { runWrangler, type Wrangler } from '../../src/local/deploy/wrangler.ts'
import { runDeploy } from '../../src/local/deploy.ts'
import { addHours, formatHour, hourOf } from '../../src/model/hour.ts'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'

const CONFIG = join(import.meta.dirname, '../../wrangler.toml')

let server: TestPostgres
let folder: string
let DATABASE_URL: string

beforeAll(async () => {
  server = await startPostgres()
})
afterAll(() => server.stop())
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sumdial-deploy-test-'))
  DATABASE_URL = await server.createDatabase()
  return () => rm(folder, { recursive: true })
})

/** Cloudflare, as far as wrangler lets one see it: which Workers are live, with which secrets and which deploy. */
class Account {
  readonly calls: string[][] = []
  readonly secrets = new Map<string, Map<string, string>>()
  readonly live = new Map<string, string>()
  secretsFile = ''
  /** What becomes of a `wrangler deploy`, in place of success. */
  meanwhile: () => Promise<{ code: number | null; isLive: boolean }> = async () => ({ code: 0, isLive: true })

  readonly wrangler: Wrangler = async (args) => {
    this.calls.push([...args])
    const env = args.find((arg) => arg.startsWith('--env='))?.slice(6)
    const worker = env === '' ? 'sumdial' : `sumdial-${env}`
    if (args[0] === 'secret') return this.list(worker, env)
    if (args.includes('--dry-run')) return { code: 0, text: '', versionId: null }
    const { code, isLive } = await this.meanwhile()
    if (isLive) this.goLive(worker, args)
    return { code, text: '', versionId: isLive ? randomUUID() : null }
  }

  private list(worker: string, env = '') {
    const secrets = this.secrets.get(worker)
    const where = env === '' ? '' : ` (env: ${env})`
    if (secrets === undefined)
      return { code: 1, text: `✘ [ERROR] Worker "${worker}"${where} not found.\n`, versionId: null }
    return {
      code: 0,
      versionId: null,
      text: JSON.stringify(Array.from(secrets.keys(), (name) => ({ name, type: 'secret_text' }))),
    }
  }

  private goLive(worker: string, args: readonly string[]) {
    this.secretsFile = after(args, '--secrets-file')
    expect(statSync(this.secretsFile).mode & 0o077).toBe(0)
    const taken = Object.entries<string>(JSON.parse(readFileSync(this.secretsFile, 'utf8')))
    this.secrets.set(worker, new Map([...(this.secrets.get(worker) ?? []), ...taken]))
    this.live.set(worker, after(args, '--message').replace('sumdial deploy ', ''))
  }
}

const after = (args: readonly string[], flag: string) => args[args.indexOf(flag) + 1] ?? ''

/** wrangler.toml with other vars, as a person would edit it. */
function edited(vars: Record<string, string>): string {
  const path = join(folder, `${randomUUID()}.toml`)
  const text = Object.entries(vars).reduce(
    (toml, [name, value]) =>
      toml.replaceAll(new RegExp(`^${name} = .*`, 'gm'), `${name} = ${JSON.stringify(value)}`),
    readFileSync(CONFIG, 'utf8'),
  )
  writeFileSync(path, text)
  return path
}

type Run = { args?: string[]; config?: string; env?: NodeJS.ProcessEnv; wrangler?: Wrangler }

/** `npm run deploy`, with all that it printed. */
async function run(
  account: Account,
  { args = [], config = CONFIG, env = { DATABASE_URL }, wrangler }: Run = {},
) {
  let text = ''
  const print = (line: string) => {
    text += `${line}\n`
  }
  const world = {
    env,
    configPath: config,
    wrangler: wrangler ?? account.wrangler,
    say: print,
    complain: print,
  }
  const code = await runDeploy(args, world)
  return { code, text }
}

async function ask(sql: string) {
  const client = new pg.Client(DATABASE_URL)
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

const record = async (worker = 'sumdial') =>
  (await ask(`select value from sumdial.settings where name = 'deploys:${worker}'`))[0]?.value

const hour = (ahead: number) => formatHour(addHours(hourOf(Date.now()), ahead))

const TOKENS = JSON.stringify([{ name: 'a', sha256: 'a'.repeat(64), scopes: ['read'] }])

describe('npm run deploy', () => {
  test('first: migrates, takes the secrets along, records what is live, and says what is missing', async () => {
    const account = new Account()
    const { code, text } = await run(account)
    expect(text).toContain('applied 0000_init')
    expect(text).toContain('npx wrangler secret put API_TOKENS --env=""')
    expect(text).toContain('182.5 CU-hours: $19.34')
    expect(code).toBe(0)
    expect(account.secrets.get('sumdial')).toEqual(new Map([['DATABASE_URL', DATABASE_URL]]))
    expect(() => statSync(account.secretsFile)).toThrow('ENOENT')
    const id = account.live.get('sumdial')
    expect(await record()).toMatchObject({
      v: 1,
      live: { id, SHARDS: '1', LATE_HOURS: '72' },
      unconfirmed: [],
    })
  })

  test('second, without a change: nothing to migrate, nothing to refuse, nothing missing', async () => {
    const account = new Account()
    await run(account, { env: { DATABASE_URL, API_TOKENS: TOKENS } })
    const { code, text } = await run(account)
    expect(code).toBe(0)
    expect(text).toContain('nothing to migrate')
    expect(text).not.toMatch(/secret put|WARNING: a Worker/)
    expect(account.secrets.get('sumdial')?.get('API_TOKENS')).toBe(TOKENS)
  })

  test('never shows a secret', async () => {
    const url = DATABASE_URL.replace('postgres:postgres@', 'postgres:s3cret@')
    const { code, text } = await run(new Account(), { env: { DATABASE_URL: url, API_TOKENS: TOKENS } })
    expect(code).toBe(0)
    expect(text).not.toContain('s3cret')
    expect(text).not.toContain('aaaaaaaa')
  })

  test('[K2] lets a change begin one full hour after it, and no earlier', async () => {
    const account = new Account()
    await run(account)
    const soon = await run(account, { config: edited({ SHARDS: `1, 16@${hour(1)}` }) })
    expect(soon.code).toBe(1)
    expect(soon.text).toContain(`SHARDS: ${hour(1)} begins in less than one full hour`)
    expect(soon.text).toContain(`Write SHARDS = "1, 16@${hour(2)}" instead`)
    expect(await run(account, { config: edited({ SHARDS: `1, 16@${hour(2)}` }) })).toMatchObject({ code: 0 })
    expect(await record()).toMatchObject({ live: { SHARDS: `1, 16@${hour(2)}` } })
  })

  test('[K2] refuses an edit of begun hours: names variable, hour, both values and the way out, changes nothing', async () => {
    const account = new Account()
    await run(account)
    const { code, text } = await run(account, { config: edited({ SHARDS: '16', LATE_HOURS: '24' }) })
    expect(code).toBe(1)
    expect(text).toContain(
      [
        `SHARDS: ${hour(-73)} has begun, and its shards may still hold or take something. Deployed for it is 1, and this edit would make it 16.`,
        `  Write SHARDS = "1, 16@${hour(2)}" instead: hours keep what they began with.`,
        `LATE_HOURS: ${hour(-73)} has begun, and its shards may still hold or take something. Deployed for it is 72, and this edit would make it 24.`,
        `  Write LATE_HOURS = "72, 24@${hour(2)}" instead: hours keep what they began with.`,
        'Nothing was changed.',
      ]
        .join('\n')
        .replaceAll(hour(-73), text.match(/^SHARDS: (\S+)/m)?.[1] ?? ''),
    )
    expect(account.calls.filter(([command]) => command === 'deploy')).toHaveLength(1)
    expect(await record()).toMatchObject({ live: { SHARDS: '1' }, unconfirmed: [] })
  })

  test('[R1] keeps the entry of an old hour for as long as a shard of it still holds something', async () => {
    const account = new Account()
    await run(account, { config: edited({ SHARDS: '16, 1@2026-10-01T00Z' }) })
    const shard = '2026-09-30T05Z/9'
    await ask(`insert into sumdial.ledger (writer, shard, seq) values (gen_random_uuid(), '${shard}', 1)`)
    const config = edited({ SHARDS: '1' })
    const { code, text } = await run(account, { config })
    expect(code).toBe(1)
    expect(text).toContain(
      'SHARDS: a shard of 2026-09-30T05Z still holds something (GET /hours/2026-09-30T05Z says what)',
    )
    await ask('update sumdial.ledger set sealed = true')
    expect(await run(account, { config })).toMatchObject({ code: 0 })
  })

  test('[S1] names all bad variables at once, secrets and typos among the vars too, and touches nothing', async () => {
    const config = edited({ SHARDS: '0', LATE_HOURS: 'x', LINGER_MS: '5"\nDEV_ACCESS = "open"\nSHARDZ = "1' })
    writeFileSync(config, readFileSync(config, 'utf8').replaceAll('\\n', '\n').replaceAll('\\"', '"'))
    const account = new Account()
    const { code, text } = await run(account, { config, env: {} })
    expect(code).toBe(2)
    for (const name of [
      'DATABASE_URL is not set',
      'SHARDS',
      'LATE_HOURS',
      'DEV_ACCESS would let everyone',
      'SHARDZ is no variable',
    ])
      expect(text).toContain(name)
    expect(account.calls).toEqual([])
  })

  test('keeps staging apart, warns that the database is shared, and lists the environments that there are', async () => {
    const account = new Account()
    await run(account)
    const { code, text } = await run(account, {
      args: ['--env', 'staging'],
      config: edited({ SHARDS: '16' }),
    })
    expect(code).toBe(0)
    expect(text).toContain('WARNING: sumdial has deployed with this database too')
    expect(text).toContain('secret put API_TOKENS --env staging')
    expect(await record('sumdial-staging')).toMatchObject({ live: { SHARDS: '16' } })
    expect(await record()).toMatchObject({ live: { SHARDS: '1' } })
    expect(await run(account, { args: ['--env', 'stage'] })).toMatchObject({
      code: 2,
      text: expect.stringMatching(/--env stage: .*It has: staging\./),
    })
  })

  test('says what Cloudflare said, before anything is changed', async () => {
    const wrangler: Wrangler = async () => ({ code: 1, text: 'You are not authenticated', versionId: null })
    const { code, text } = await run(new Account(), { wrangler })
    expect(code).toBe(1)
    expect(text).toContain('You are not authenticated')
    expect(text).toContain('npx wrangler login')
    expect(await ask("select to_regclass('sumdial.settings') as there")).toEqual([{ there: null }])
  })

  test('says which database does not answer, without its password', async () => {
    const env = { DATABASE_URL: 'postgresql://me:s3cret@127.0.0.1:1/db' }
    const { code, text } = await run(new Account(), { env })
    expect(code).toBe(1)
    expect(text).toContain('postgresql://me@127.0.0.1:1/db')
    expect(text).not.toContain('s3cret')
  })

  test('warns of a Worker that was deployed without a record', async () => {
    const account = new Account()
    account.secrets.set('sumdial', new Map())
    expect((await run(account)).text).toContain('WARNING: a Worker sumdial is there already')
  })
})

describe('a deploy that was interrupted', () => {
  const failing = (isLive: boolean) => async () => ({ code: 1, isLive })

  /** A change whose hour has begun since: it was recorded, and nobody knows whether it went live. */
  async function interruptedChange(account: Account) {
    await run(account)
    account.meanwhile = failing(true)
    const config = edited({ SHARDS: `1, 16@${hour(2)}` })
    const { code, text } = await run(account, { config })
    expect(code).toBe(1)
    expect(text).toContain('Run this again')
    const { live, unconfirmed } = await record()
    expect(unconfirmed).toMatchObject([{ SHARDS: `1, 16@${hour(2)}`, ended: true }])
    const old = { ...unconfirmed[0], SHARDS: `1, 16@${hour(-3)}` }
    await ask(`update sumdial.settings set value = '${JSON.stringify({ v: 1, live, unconfirmed: [old] })}'`)
    account.meanwhile = async () => ({ code: 0, isLive: true })
    return { id: String(old.id), config: edited({ SHARDS: `1, 16@${hour(-3)}` }) }
  }

  test('is no matter while what may be live agrees about begun hours', async () => {
    const account = new Account()
    account.meanwhile = failing(false)
    expect((await run(account)).code).toBe(1)
    account.meanwhile = async () => ({ code: 0, isLive: true })
    expect((await run(account)).code).toBe(0)
    expect(await record()).toMatchObject({ live: { id: account.live.get('sumdial') }, unconfirmed: [] })
  })

  test('is not taken for live when a person has told wrangler not to deploy, which it calls a success', async () => {
    const account = new Account()
    account.meanwhile = async () => ({ code: 0, isLive: false })
    const { code, text } = await run(account)
    expect(code).toBe(1)
    expect(text).toContain('wrangler deployed nothing')
    expect(await record()).toMatchObject({ live: null, unconfirmed: [{ ended: true }] })
  })

  test('[K2] asks which one is live when they do not, and believes the answer', async () => {
    const account = new Account()
    const { id, config } = await interruptedChange(account)
    const asked = await run(account, { config })
    expect(asked.code).toBe(1)
    expect(asked.text).toContain('--live before: SHARDS = "1", LATE_HOURS = "72"')
    expect(asked.text).toContain(`--live ${id}: SHARDS = "1, 16@${hour(-3)}"`)
    expect(asked.text).toContain('npx wrangler deployments status --env=""')
    expect((await run(account, { config, args: ['--live', 'before'] })).text).toContain(
      'this edit would make it 16',
    )
    expect(await run(account, { config, args: ['--live', 'nonsense'] })).toMatchObject({ code: 1 })
    expect(await run(account, { config, args: ['--live', id] })).toMatchObject({ code: 0 })
    expect(await record()).toMatchObject({ live: { SHARDS: `1, 16@${hour(-3)}` }, unconfirmed: [] })
    expect((await run(account, { config, args: ['--live', id] })).text).toContain('there is nothing to say')
  })

  test('two at a time do not pass each other', async () => {
    const account = new Account()
    const second = new Account()
    let other = { code: 0, text: '' }
    account.meanwhile = async () => {
      other = await run(second)
      return { code: 0, isLive: true }
    }
    expect((await run(account)).code).toBe(0)
    expect(other).toMatchObject({
      code: 1,
      text: expect.stringContaining('Another deploy of this Worker is under way'),
    })
    expect(second.calls.filter(([command]) => command === 'deploy')).toEqual([])
  })

  test('by a database that was away at its end is known to be live by the next one', async () => {
    const account = new Account()
    account.meanwhile = async () => {
      await server.kill()
      return { code: 0, isLive: true }
    }
    const { code, text } = await run(account)
    await server.start()
    expect(code).toBe(1)
    expect(text).toMatch(/confirm that \w+ is live \(it is; run this again/)
    expect(await record()).toMatchObject({ live: null, unconfirmed: [{ id: account.live.get('sumdial') }] })
  })
})

test('a wrangler.toml that wrangler cannot read is said in its words', async () => {
  const config = join(folder, 'broken.toml')
  writeFileSync(config, 'name = "sumdial')
  expect(await run(new Account(), { config })).toMatchObject({
    code: 2,
    text: expect.stringContaining('broken.toml'),
  })
})

describe('npm run deploy -- --dry-run', () => {
  test('builds with wrangler itself, reads the database, says what it would do, and changes nothing', async () => {
    const wrangler: Wrangler = (args) => runWrangler([...args, '--outdir', folder], 'caught')
    const { code, text } = await run(new Account(), { args: ['--dry-run', '--env', 'staging'], wrangler })
    expect(text).toContain('Postgres: would apply 0000_init')
    expect(text).toContain('Would record: SHARDS = "1", LATE_HOURS = "72"')
    expect(text).toContain('Dry run: nothing was changed.')
    expect(code).toBe(0)
    expect(readFileSync(join(folder, 'index.js'), 'utf8')).toContain('Shard')
    expect(await ask("select to_regclass('sumdial.settings') as there")).toEqual([{ there: null }])
  })

  test('refuses as the real one does', async () => {
    const account = new Account()
    await run(account)
    const { code, text } = await run(account, { args: ['--dry-run'], config: edited({ SHARDS: '2' }) })
    expect(code).toBe(1)
    expect(text).toContain('this edit would make it 2')
  })
})

test('staging has every binding, and every var with whatever value, and no name or count of the top level', () => {
  const top = unstable_readConfig({ config: CONFIG, env: '' })
  const staging = unstable_readConfig({ config: CONFIG, env: 'staging' })
  const [limit] = top.ratelimits
  const [stagingLimit] = staging.ratelimits
  expect(Object.keys(staging.vars)).toEqual(Object.keys(top.vars))
  expect(limit?.namespace_id).toBeDefined()
  expect(stagingLimit?.namespace_id).not.toBe(limit?.namespace_id)
  expect(staging).toEqual({
    ...top,
    name: 'sumdial-staging',
    targetEnvironment: 'staging',
    ratelimits: [{ ...limit, namespace_id: stagingLimit?.namespace_id }],
    vars: expect.objectContaining({}),
  })
})
