import { randomUUID } from 'node:crypto'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, beforeEach, expect } from 'vitest'
import type { Wrangler } from '../../../src/local/deploy/wrangler.ts'
import { runDeploy } from '../../../src/local/deploy.ts'
import { withClient } from '../../../src/local/postgres.ts'
import { addHours, formatHour, hourOf } from '../../../src/model/hour.ts'
import { untilHourLasts } from '../../support/hour-to-go.ts'
import { type SharedPostgres, sharePostgres } from '../../support/postgres.ts'

/** The project's own wrangler.toml. */
export const CONFIG = join(import.meta.dirname, '../../../wrangler.toml')

/** Cloudflare as wrangler shows it: which Workers are live, with which secrets and which deploy. */
export class Account {
  readonly calls: string[][] = []
  readonly secrets = new Map<string, Map<string, string>>()
  readonly live = new Map<string, string>()
  secretsFile = ''
  /** How a `wrangler deploy` ends, instead of with success. */
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

  private takeSecrets(args: readonly string[]) {
    this.secretsFile = after(args, '--secrets-file')
    expect(statSync(this.secretsFile).mode & 0o077).toBe(0)
    return Object.entries<string>(JSON.parse(readFileSync(this.secretsFile, 'utf8')))
  }

  private goLive(worker: string, args: readonly string[]) {
    const taken = args.includes('--secrets-file') ? this.takeSecrets(args) : []
    this.secrets.set(worker, new Map([...(this.secrets.get(worker) ?? []), ...taken]))
    this.live.set(worker, after(args, '--message').replace('sumdial deploy ', ''))
  }
}

const after = (args: readonly string[], flag: string) => args[args.indexOf(flag) + 1] ?? ''

type Run = { args?: string[]; config?: string; env?: NodeJS.ProcessEnv; wrangler?: Wrangler }

/** The stand of a test file of deploys: a PostgreSQL with an empty database for each test, and a folder. */
export interface Stand {
  readonly folder: string
  readonly databaseUrl: string
  /** `npm run deploy`, with everything that it printed. */
  run(account: Account, given?: Run): Promise<{ code: number; text: string }>
  ask(sql: string): Promise<Record<string, unknown>[]>
  /** The database's records of a Worker's deploys. */
  record(worker?: string): Promise<StoredRecord>
  /** wrangler.toml with other vars, as a person would edit it. */
  edited(vars: Record<string, string>): string
}

type StoredDeploy = { readonly id: string; readonly [field: string]: unknown }
export type StoredRecord = {
  readonly live: StoredDeploy | null
  readonly unconfirmed: readonly StoredDeploy[]
}

/** A test takes some seconds, and more on a busy machine. Many go by the running hour from their first line to their last. */
const TEST_MS_MAX = 20_000

/** Called once at the top of a test file. The stand is there from the first `beforeEach` on. */
export function useStand(start: () => Promise<SharedPostgres> = sharePostgres): Stand {
  let server: SharedPostgres
  let folder: string
  let databaseUrl: string

  beforeAll(async () => {
    server = await start()
  })
  beforeEach(async () => {
    await untilHourLasts(TEST_MS_MAX)
    folder = await mkdtemp(join(tmpdir(), 'sumdial-deploy-test-'))
    databaseUrl = await server.createDatabase()
    return () => rm(folder, { recursive: true })
  })

  const ask = async (sql: string) => (await withClient(databaseUrl, (client) => client.query(sql))).rows
  return {
    get folder() {
      return folder
    },
    get databaseUrl() {
      return databaseUrl
    },
    ask,
    async run(account, { args = [], config = CONFIG, env = { DATABASE_URL: databaseUrl }, wrangler } = {}) {
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
    },
    record: async (worker = 'sumdial') =>
      (await ask(`select value from sumdial.settings where name = 'deploys:${worker}'`))[0]?.['value'],
    edited(vars) {
      const path = join(folder, `${randomUUID()}.toml`)
      const text = Object.entries(vars).reduce(
        (toml, [name, value]) =>
          toml.replaceAll(new RegExp(`^${name} = .*`, 'gm'), `${name} = ${JSON.stringify(value)}`),
        readFileSync(CONFIG, 'utf8'),
      )
      writeFileSync(path, text)
      return path
    },
  }
}

/** The hour that is so many hours ahead, as a schedule names it. */
export const hour = (ahead: number) => formatHour(addHours(hourOf(Date.now()), ahead))
