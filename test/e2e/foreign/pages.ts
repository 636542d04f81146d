import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type Stage, WRITER } from './stage.ts'

const ROOT = join(import.meta.dirname, '../../..')

/** The fenced blocks of a page in a language, in order. */
export function blocksOf(page: string, language: string): string[] {
  const markdown = readFileSync(join(ROOT, page), 'utf8')
  const blocks = markdown.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))
  return Array.from(blocks, ([, block = '']) => block)
}

const METER_PAGES = ['docs/meters.md', 'docs/events.md', 'docs/otel.md']

/** All meters of the docs, as METERS. */
export function metersOfDocs(): string {
  return JSON.stringify(
    METER_PAGES.flatMap((page) => blocksOf(page, 'json').flatMap((block) => JSON.parse(block))),
  )
}

/** A block for this Worker, instead of yours. */
export function forStage({ url }: Pick<Stage, 'url'>, block: string): string {
  return block.replaceAll('https://your.worker', url).replaceAll('sd_...', WRITER)
}

/** Runs a program of a page in Node, after the lines of a shell that set its variables. @returns all that it prints. */
export async function runProgram(stage: Stage, variables: string, program: string): Promise<string> {
  const script = `${forStage(stage, variables)}\nexec "$0" --input-type=module 2>&1`
  const child = spawn('sh', ['-c', script, process.execPath], {
    cwd: ROOT,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  child.stdin.end(forStage(stage, program))
  return await text(child.stdout)
}

/** Runs a program in Python, where there is one. @returns whether it did. */
export async function runPython(stage: Stage, program: string): Promise<boolean> {
  const child = spawn('python3', ['-'], { stdio: ['pipe', 'ignore', 'inherit'] })
  child.stdin.end(forStage(stage, program))
  const [code] = await once(child, 'close').catch(() => [null])
  if (code !== null && code !== 0) throw new Error(`the program ended with ${code}`)
  return code === 0
}
