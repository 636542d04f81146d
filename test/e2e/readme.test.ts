import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { makeState, startDev } from '../support/dev.ts'

const run = promisify(execFile)

const README = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8')

/** A curl of README's: with the variables that its block sets before it, and the answer that README shows, if any. */
type Example = { readonly command: string; readonly shown: string | undefined }

function examplesOf(markdown: string): Example[] {
  return Array.from(markdown.matchAll(/^```sh\n([\s\S]*?)^```$/gm), ([, block = '']) => {
    const lines = block.split('\n')
    const variables = lines.filter((line) => /^[A-Z]+=/.test(line))
    return lines.flatMap((line, i) => {
      if (!line.startsWith('curl ')) return []
      const shown = lines[i + 1]?.startsWith('# {') ? lines[i + 1]?.slice(2) : undefined
      return [{ command: [...variables, line].join('\n'), shown }]
    })
  }).flat()
}

/** README leaves out the longer parts of an answer as `...`. */
function patternOf(shown: string): RegExp {
  const parts = shown.split('...').map((part) => RegExp.escape(part))
  return new RegExp(`^${parts.join('.*')}$`)
}

test('README can be followed: its commands answer, and answer what it shows', async () => {
  const examples = examplesOf(README)
  expect(examples.length).toBeGreaterThanOrEqual(8)
  expect(examples.filter(({ shown }) => shown !== undefined).length).toBeGreaterThanOrEqual(2)
  const { url } = await startDev({ state: makeState() })
  const ask = async (command: string): Promise<string> => {
    const script = command.replaceAll('localhost:8787', url).replaceAll('curl ', 'curl -s ')
    return (await run('sh', ['-c', script])).stdout
  }
  for (const { command, shown } of examples) {
    const answer = await ask(command)
    expect(JSON.parse(answer), command).not.toHaveProperty('status')
    if (shown !== undefined) expect(answer, command).toMatch(patternOf(shown))
  }
  const named = examples.find(({ command }) => command.includes('"id"'))?.command
  expect(JSON.parse(await ask(String(named)))).toEqual({ accepted: 0, duplicates: 1, conflicts: [] })
})
