import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

const ROOT = join(import.meta.dirname, '../..')

/** wrangler's own command line, whatever the PATH says. Its package.json lists `bin` relative to itself. */
function wranglerCommand(): string {
  const require = createRequire(import.meta.url)
  return join(require.resolve('wrangler/package.json'), '../bin/wrangler.js')
}

/**
 * The Worker as `npm run build` makes it: one ES module, with what wrangler.toml says.
 *
 * @param entry path from the project's root, in place of wrangler.toml's `main`.
 * @param config path from the project's root, of another Worker's configuration.
 * @returns the module's text, a megabyte or so; made in about 2 s.
 * @throws what wrangler printed, when it does not build.
 */
export async function bundle(entry = 'src/index.ts', config = 'wrangler.toml'): Promise<string> {
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
