import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { replaceFile } from './replace-file.ts'

const run = promisify(execFile)

const ROOT = join(import.meta.dirname, '../..')

/** wrangler's own command line, whatever the PATH says. Its package.json lists `bin` relative to itself. */
function wranglerCommand(): string {
  const require = createRequire(import.meta.url)
  return join(require.resolve('wrangler/package.json'), '../bin/wrangler.js')
}

const KEPT = join(ROOT, 'build/workers')

/**
 * All that a bundle may be made from, and more: build/ is made from src/ and migrations/. The last file is what npm says
 * that it has installed.
 */
const INPUTS = [
  '{src,migrations,test/bench,test/support}/**/*.*',
  '*.{json,toml}',
  'node_modules/.package-lock.json',
] as const

/**
 * The Worker as `npm run build` makes it: one ES module, with what wrangler.toml says.
 *
 * It takes 2 s or more of processor time, and a test run asks some ten times. So the module is kept in build/workers, and made
 * anew once any file changed, came or went that it may be made from.
 *
 * @param entry path from the project's root, in place of wrangler.toml's `main`.
 * @param config path from the project's root, of another Worker's configuration.
 * @returns the module's text, a megabyte or so.
 * @throws what wrangler printed, when it does not build.
 */
export async function bundle(entry = 'src/index.ts', config = 'wrangler.toml'): Promise<string> {
  const kept = join(KEPT, `${entry} ${config}`.replaceAll('/', '-'))
  const before = keyOfInputs()
  const [key, text = ''] = existsSync(kept) ? splitOnce(readFileSync(kept, 'utf8')) : []
  if (key === before) return text
  const made = await build(entry, config)
  // Of files that change meanwhile nobody knows what went in.
  if (keyOfInputs() === before) replaceFile(kept, `${before}\n${made}`)
  return made
}

/** A hash of the inputs' names and contents, and of NODE_ENV, which wrangler writes into the module. */
function keyOfInputs(): string {
  const hash = createHash('sha256').update(`NODE_ENV ${process.env['NODE_ENV']}\n`)
  for (const path of globSync(INPUTS, { cwd: ROOT }).sort()) {
    const content = createHash('sha256').update(readFileSync(join(ROOT, path)))
    hash.update(`${path} ${content.digest('hex')}\n`)
  }
  return hash.digest('hex')
}

function splitOnce(text: string): readonly string[] {
  const end = text.indexOf('\n')
  return [text.slice(0, end), text.slice(end + 1)]
}

async function build(entry: string, config: string): Promise<string> {
  const outdir = mkdtempSync(join(tmpdir(), 'sumdial-bundle-'))
  const options = ['--config', config, '--dry-run', '--env=', '--outdir', outdir]
  const args = [wranglerCommand(), 'deploy', entry, ...options]
  const env = { ...process.env, WRANGLER_SEND_METRICS: 'false', WRANGLER_HIDE_BANNER: 'true' }
  try {
    await run(process.execPath, args, { cwd: ROOT, env })
    const name = entry.replace(/^.*\//, '').replace(/\.ts$/, '.js')
    return readFileSync(join(outdir, name), 'utf8')
  } finally {
    rmSync(outdir, { recursive: true, force: true })
  }
}
