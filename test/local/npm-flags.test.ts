import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { main } from '../../src/local/cli.ts'
import { FLAGS } from '../../src/local/import/options.ts'

const ROOT = join(import.meta.dirname, '../..')
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  scripts: Readonly<Record<string, string>>
}

type Ended = { readonly code: number; readonly out: string; readonly err: string }

function run(file: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(file, args, { cwd, env, timeout: 60_000 }, (error, out, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, out, err })
    })
  })
}

describe('a flag that npm takes for its own, because `--` is forgotten, stops the command', () => {
  // The real npm starts once, with the flags of all commands: each command must name those that it has.
  const flags = [
    '--dry-run --env=staging --token=secret --port=19002 --var=SHARDS:2 --var=LATE_HOURS:3 --for=3s --name=web',
    '--scopes=read --quick --list --seeds=1 --seconds=1 --try=a.log --again a.log',
  ]
    .join(' ')
    .split(' ')
  const folder = mkdtempSync(join(tmpdir(), 'sumdial-npm-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  let taken: NodeJS.ProcessEnv = {}

  beforeAll(async () => {
    const show = 'node -p "JSON.stringify(process.env)"'
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ scripts: { show } }))
    const { PATH, HOME } = process.env
    const { out } = await run('npm', ['run', '--silent', 'show', ...flags], folder, { PATH, HOME })
    taken = JSON.parse(out) as NodeJS.ProcessEnv
  })

  const commands: readonly (readonly [name: string, meant: string])[] = [
    ['deploy', '--env=staging --dry-run'],
    ['migrate', '--dry-run'],
    ['import', '--token=... --again --dry-run a.log'],
    ['dev', '--port=19002 --var=SHARDS:2 --var=LATE_HOURS:3 --dry-run'],
    ['demo', '--for=3s --token=... --dry-run'],
    ['token', '--name=web --scopes=read --dry-run'],
    ['meter', '--try=a.log --dry-run'],
    ['cost', '--seconds=1 --quick --dry-run --scenario cost'],
    ['planted', '--list --dry-run'],
    ['simulate', '--seeds=1 --dry-run'],
    ['linger', '--seconds=1 --dry-run'],
    ['rollup', '--again --dry-run'],
    ['record:release', '--dry-run'],
  ]

  test('the table has every command that does anything', () => {
    const fileOf = (name: string) => /^node (\S+)/.exec(scripts[name] ?? '')?.[1]
    const files = Object.keys(scripts).flatMap((name) => fileOf(name) ?? [])
    const shown = new Set(['src/local/build.ts', ...commands.map(([name]) => fileOf(name))])
    expect(shown).toEqual(new Set(files))
  })

  test.each(commands)('npm run %s', async (name, meant) => {
    const [, ...args] = `${scripts[name]}${name === 'import' ? ' a.log' : ''}`.split(' ')
    // A command that did run could reach nothing.
    const env = {
      ...taken,
      npm_lifecycle_event: name,
      DATABASE_URL: 'nonsense',
      SUMDIAL_URL: 'http://127.0.0.1:9',
    }
    const { code, err } = await run(process.execPath, args, ROOT, env)
    expect({ code, err }).toEqual({
      code: 2,
      err: `npm took your flags for its own, so nothing was run. Write \`--\` before the flags: npm run ${name} -- ${meant}\n`,
    })
  })
})

test('npm run record:release -- --help says what it does, and records nothing', async () => {
  const recorded = readFileSync(join(ROOT, 'test/upgrade/release.json'), 'utf8')
  const [, ...args] = `${scripts['record:release']} --help`.split(' ')
  const { code, out } = await run(process.execPath, args, ROOT, { PATH: process.env['PATH'] })
  expect([code, out]).toEqual([0, expect.stringMatching(/^Records every statement of this release/)])
  expect(readFileSync(join(ROOT, 'test/upgrade/release.json'), 'utf8')).toBe(recorded)
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

  test('stops a dry run also where it is written otherwise', async () => {
    expect((await call(['a.log'], { npm_config_dryrun: 'true' })).complaints[0]).toContain(
      '-- --dry-run a.log',
    )
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
