import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { environmentOfNpm, runScript, runWithFlagsTaken, scripts } from './npm.ts'

describe('a flag that npm takes for its own, because `--` is forgotten, stops the command', () => {
  // The real npm starts once, with the flags of all commands: each command must name those that it has.
  const flags = [
    '--dry-run --env=staging --token=secret --port=19002 --var=SHARDS:2 --var=LATE_HOURS:3 --for=3s --name=web',
    '--scopes=read --quick --list --seeds=1 --seconds=1 --try=a.log --again a.log',
  ]
    .join(' ')
    .split(' ')
  let taken: NodeJS.ProcessEnv = {}

  beforeAll(async () => {
    taken = await environmentOfNpm(flags)
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
    const { code, err } = await runWithFlagsTaken(name, name === 'import' ? ['a.log'] : [], taken)
    expect({ code, err }).toEqual({
      code: 2,
      err: `npm took your flags for its own, so nothing was run. Write \`--\` before the flags: npm run ${name} -- ${meant}\n`,
    })
  })
})

test('npm run record:release -- --help says what it does, and records nothing', async () => {
  const release = join(import.meta.dirname, '../upgrade/release.json')
  const recorded = readFileSync(release, 'utf8')
  const { code, out } = await runScript('record:release', ['--help'])
  expect([code, out]).toEqual([0, expect.stringMatching(/^Records every statement of this release/)])
  expect(readFileSync(release, 'utf8')).toBe(recorded)
})
