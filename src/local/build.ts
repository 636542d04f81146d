import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { main, parseFlags } from './cli.ts'
import { MIGRATIONS, readMigrations } from './migrations-folder.ts'

const ROOT = join(import.meta.dirname, '../..')
const SOURCE = join(ROOT, 'src/dashboard')
const BUILT = join(ROOT, 'build')

/** Browsers of 2023 and later. */
const TARGET = ['chrome110', 'firefox115', 'safari16.4']

/** A file that the page loads, and what it is. */
type LoadedFile = { readonly extension: 'js' | 'css' | 'svg'; readonly body: string }

const TYPES = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml; charset=utf-8',
}

/**
 * Makes the modules that the Worker imports from build/, and their types.
 *
 * Several may build at a time, and `wrangler dev` watches the folders: a file is replaced whole, and only when it changes.
 */
export async function buildModules(): Promise<void> {
  buildMigrations()
  await buildDashboard()
}

/** `build/migrations.js`: the migrations that the Worker applies to a database that has not got them. */
function buildMigrations(): void {
  const migrations = JSON.stringify(readMigrations(MIGRATIONS), null, 1)
  replaceFile(join(BUILT, 'migrations.d.ts'), MIGRATIONS_DECLARATION)
  replaceFile(join(BUILT, 'migrations.js'), `export const migrations = ${migrations}\n`)
}

const MIGRATIONS_DECLARATION = `import type { Migration } from '../src/postgres/migrate/migration.ts'
export declare const migrations: readonly Migration[]
`

/** `build/dashboard.js`: the page and the files that the page loads, each under a name with a hash of its content. */
async function buildDashboard(): Promise<void> {
  const loaded = [...(await bundled()), icon()]
  const names = new Map(loaded.map(({ extension, body }) => [extension, nameOf(extension, body)]))
  const files = Object.fromEntries(
    loaded.map(({ extension, body }) => [names.get(extension), { type: TYPES[extension], body }]),
  )
  const page = readFileSync(join(SOURCE, 'page.html'), 'utf8').replace(
    /\{(js|css|svg)\}/g,
    (_, extension: LoadedFile['extension']) => `/dashboard/${names.get(extension)}`,
  )
  replaceFile(join(BUILT, 'dashboard.d.ts'), DECLARATION)
  replaceFile(join(BUILT, 'dashboard.js'), `export const dashboard = ${JSON.stringify({ page, files })}\n`)
}

const DECLARATION = `export declare const dashboard: {
  readonly page: string
  readonly files: Readonly<Record<string, { readonly type: string; readonly body: string }>>
}
`

async function bundled(): Promise<LoadedFile[]> {
  const { outputFiles } = await build({
    entryPoints: [join(SOURCE, 'main.tsx')],
    bundle: true,
    minify: true,
    format: 'esm',
    target: TARGET,
    charset: 'utf8',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    outdir: BUILT,
    write: false,
    logLevel: 'warning',
  })
  return outputFiles.map(({ path, text }) => ({
    extension: path.endsWith('.css') ? 'css' : 'js',
    body: text,
  }))
}

function icon(): LoadedFile {
  return { extension: 'svg', body: readFileSync(join(SOURCE, 'icon.svg'), 'utf8') }
}

function nameOf(extension: string, body: string): string {
  return `${createHash('sha256').update(body).digest('hex').slice(0, 10)}.${extension}`
}

function replaceFile(path: string, text: string): void {
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return
  mkdirSync(BUILT, { recursive: true })
  const unfinished = `${path}.${process.pid}`
  writeFileSync(unfinished, text)
  renameSync(unfinished, path)
}

const HELP = `Builds into build/ what the Worker imports from there: the dashboard and the migrations. Wrangler and the tests do so by
themselves.

  npm run build:modules`

async function run(args: readonly string[]): Promise<undefined> {
  parseFlags(args, {})
  await buildModules()
}

if (import.meta.main)
  process.exitCode = await main({ name: 'build:modules', help: HELP, flags: {}, run }, process.argv.slice(2))
