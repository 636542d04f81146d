import { describe, expect, test } from 'vitest'
import { main } from '../../src/local/cli.ts'
import { FLAGS } from '../../src/local/import/options.ts'
import { environmentOfNpm, runWithFlagsTaken } from './npm.ts'

/** For each of the other commands see npm-flags.long.test.ts. */
test('a flag that npm takes for its own, because `--` is forgotten, stops the import', async () => {
  const taken = await environmentOfNpm(['--dry-run', '--token=secret', 'a.log'])
  expect(await runWithFlagsTaken('import', ['a.log'], taken)).toEqual({
    code: 2,
    out: '',
    err: 'npm took your flags for its own, so nothing was run. Write `--` before the flags: npm run import -- --token=... --dry-run a.log\n',
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
