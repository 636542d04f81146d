import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { startForAll } from '../support/at-end.ts'
import { type Dev, makeState, startDev } from '../support/dev.ts'
import { untilHourLasts } from '../support/hour-to-go.ts'
import { pasteAndStartAgain } from './first-commands.ts'

const run = promisify(execFile)

const ROOT = join(import.meta.dirname, '../..')
const README = readFileSync(join(ROOT, 'README.md'), 'utf8')

const blocksOf = (language: string) =>
  Array.from(
    README.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm')),
    ([, block = '']) => block,
  )

/** A curl of README's: with the variables that its block sets before it, and the answer that README shows, if any. */
type Example = { readonly command: string; readonly shown: string | undefined }

function examples(): Example[] {
  return blocksOf('sh').flatMap((block) => {
    const lines = block.split('\n')
    const variables = lines.filter((line) => /^[A-Z]=/.test(line))
    return lines.flatMap((line, i) => {
      if (!line.startsWith('curl ')) return []
      const shown = lines[i + 1]?.startsWith('# {') ? lines[i + 1]?.slice(2) : undefined
      return [{ command: [...variables, line].join('\n'), shown }]
    })
  })
}

/** README leaves out the longer parts of an answer as `...`. */
function patternOf(shown: string): RegExp {
  const parts = shown.split('...').map((part) => RegExp.escape(part))
  return new RegExp(`^${parts.join('.*')}$`)
}

/** Lines of README's that no test runs as they stand, because they need an account, or are what all of this stands on. */
const NOT_RUN = [
  /^npm ci$/,
  /^npm run dev$/,
  /^npx wrangler login$/,
  /^DATABASE_URL='postgresql:\/\/\.\.\.' API_TOKENS='\[\.\.\.\]' npm run deploy$/,
]

const RUN = [/^(#|curl |[A-Z]=|$)/, /^psql "\$DATABASE_URL" -c "/, /^npm run token -- /]

/** One for all tests, because each start takes some 16 s of processor time. */
let dev: Dev
let state: string

startForAll(async (atEnd) => {
  state = makeState(atEnd)
  dev = await startDev({ state }, atEnd)
})

describe('README can be followed', () => {
  test('its commands answer, and answer what it shows', async () => {
    const curls = examples()
    // Its ids count once an hour, and its SQL has a row for each hour.
    await untilHourLasts(30_000)
    expect(curls.length).toBeGreaterThanOrEqual(8)
    expect(curls.filter(({ shown }) => shown !== undefined).length).toBeGreaterThanOrEqual(2)
    const ask = async (command: string): Promise<string> => {
      const script = command.replaceAll('localhost:8787', dev.url).replaceAll('curl ', 'curl -s ')
      return (await run('sh', ['-c', script])).stdout
    }
    for (const { command, shown } of curls) {
      const answer = await ask(command)
      expect(JSON.parse(answer), command).not.toHaveProperty('status')
      if (shown !== undefined) expect(answer, command).toMatch(patternOf(shown))
    }
    const named = curls.find(({ command }) => command.includes('"id"'))?.command
    expect(JSON.parse(await ask(String(named)))).toEqual({ accepted: 0, duplicates: 1, conflicts: [] })
  })

  test('its SQL finds what they have counted', async () => {
    const [, query = ''] = /^psql "\$DATABASE_URL" -c "(.*)"$/m.exec(README) ?? []
    const body = JSON.stringify({ query })
    const headers = { 'neon-connection-string': 'any' }
    const endpoint = readFileSync(join(state, 'endpoint'), 'utf8')
    await vi.waitFor(
      async () => {
        const answer = await fetch(endpoint, { method: 'POST', body, headers })
        expect(await answer.json()).toMatchObject({ rows: [{ sum: '255' }] })
      },
      { timeout: 20_000, interval: 200 },
    )
  })

  test('its program for the client reads what it has just counted, as 1n', async () => {
    const program = blocksOf('ts').find((block) => block.includes('createClient')) ?? ''
    const folder = mkdtempSync(join(tmpdir(), 'sumdial-readme-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'program.mjs')
    const here = program
      .replace("'sumdial/client'", `'${pathToFileURL(join(ROOT, 'src/client/index.ts'))}'`)
      .replace('https://your.worker', dev.url)
      .replaceAll('site/acme/home', 'site/acme/new')
    expect(here).not.toContain('your.worker')
    writeFileSync(file, `${here}\nconsole.log(total.sum)\n`)
    expect((await run(process.execPath, [file])).stdout).toBe('1n\n')
  })

  test('its command for a token prints one, with a line for API_TOKENS', async () => {
    const command = /^npm run token .*$/m.exec(README)?.[0] ?? ''
    const { stdout } = await run('sh', ['-c', command], { cwd: ROOT })
    expect(stdout).toMatch(/sd_[\w-]{43}/)
    expect(stdout).toContain('[{"name":"me","sha256":"')
  })

  test('no line of its commands is left out here', () => {
    const lines = blocksOf('sh').flatMap((block) => block.split('\n'))
    expect(lines.filter((line) => ![...RUN, ...NOT_RUN].some((pattern) => pattern.test(line)))).toEqual([])
    expect(blocksOf('ts')).toEqual([
      expect.stringContaining('createClient'),
      expect.stringMatching(/^const counted = await env\.SUMDIAL\.increment\(/),
    ])
  })
})

// The last one, because it ends dev. README has counted the key of those commands once.
test('[F5] the commands that dev prints count, read back, and find the row in Postgres within 10 s, also after another start', () =>
  pasteAndStartAgain(dev, state, 1))
