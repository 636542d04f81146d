import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { main } from '../../src/local/cli.ts'
import { FLAGS } from '../../src/local/import/options.ts'

const ROOT = join(import.meta.dirname, '../..')

/** Runs the real npm, with an environment from which a command that did run could reach nothing. */
function npm(args: readonly string[]): Promise<{ code: number; err: string }> {
  const { PATH, HOME } = process.env
  const env = { PATH, HOME, DATABASE_URL: 'nonsense', SUMDIAL_URL: 'http://127.0.0.1:9' }
  return new Promise((resolve) => {
    execFile('npm', ['run', ...args], { cwd: ROOT, env, timeout: 60_000 }, (error, _, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, err })
    })
  })
}

describe('a flag that npm takes for its own, because `--` is forgotten, stops the command', () => {
  test.each([
    [['deploy', '--dry-run'], 'npm run deploy -- --dry-run'],
    [['deploy', '--dryrun'], 'npm run deploy -- --dry-run'],
    [['deploy', '--env=staging'], 'npm run deploy -- --env=staging'],
    [['migrate', '--dry-run'], 'npm run migrate -- --dry-run'],
    [['import', '--dry-run', 'a.log'], 'npm run import -- --dry-run a.log'],
    [['import', '--again', 'a.log', '--token=secret'], 'npm run import -- --token=... --again a.log'],
    [['dev', '--port=19002'], 'npm run dev -- --port=19002'],
    [['dev', '--var=SHARDS:2', '--var=LATE_HOURS:3'], 'npm run dev -- --var=SHARDS:2 --var=LATE_HOURS:3'],
    [['demo', '--for=3s'], 'npm run demo -- --for=3s'],
    [['token', '--name=web', '--scopes=read'], 'npm run token -- --name=web --scopes=read'],
    [['cost', '--quick'], 'npm run cost -- --quick --scenario cost'],
    [['planted', '--list'], 'npm run planted -- --list'],
    [['simulate', '--seeds=1'], 'npm run simulate -- --seeds=1'],
    [['linger', '--seconds=1'], 'npm run linger -- --seconds=1'],
  ])('npm run %j', async (args, meant) => {
    const { code, err } = await npm(args)
    expect(code).toBe(2)
    expect(err).toContain(`so nothing was run. Write \`--\` before the flags: ${meant}\n`)
  })
})

describe("npm's environment", () => {
  const call = async (args: readonly string[], env: NodeJS.ProcessEnv) => {
    const complaints: string[] = []
    const output = { say: () => undefined, complain: (text: string) => complaints.push(text) }
    const command = { name: 'import', help: '', flags: { ...FLAGS, prefix: FLAGS.url }, run: () => 0 }
    const code = await main(command, args, output, { npm_lifecycle_event: 'import', ...env })
    return { code, complaints }
  }

  test('stops nothing by what npm always sets, or by what is no option of the command', async () => {
    const env = {
      npm_config_prefix: '/usr',
      npm_config_user_agent: 'npm/11',
      npm_config_registry: 'https://r.test',
    }
    expect(await call(['a.log'], env)).toEqual({ code: 0, complaints: [] })
  })

  test('stops nothing when the flag has arrived as well', async () => {
    const env = { npm_config_dry_run: 'true', npm_config_url: 'http://a.test' }
    expect((await call(['--dry-run', '--url=http://a.test'], env)).code).toBe(0)
  })

  test('stops a script that another script runs, because npm hands its environment down', async () => {
    expect((await call([], { npm_lifecycle_event: 'mine', npm_config_dry_run: 'true' })).complaints).toEqual([
      'npm took your flags for its own, so nothing was run. Write `--` before the flags: npm run mine -- --dry-run',
    ])
  })

  test('is not looked at outside of npm', async () => {
    expect((await call([], { npm_lifecycle_event: undefined, npm_config_dry_run: 'true' })).code).toBe(0)
  })

  test('is shown so that a shell reads it back, also where the value was lost', async () => {
    const env = {
      npm_config_url: "http://a.test/?b='c d'",
      npm_config_concurrency: 'true',
      npm_config_follow: '',
    }
    expect((await call(['my log'], env)).complaints[0]).toMatch(
      /npm run import -- --url='http:\/\/a\.test\/\?b='\\''c d'\\''' --concurrency=\.\.\. --follow 'my log'$/,
    )
  })
})
