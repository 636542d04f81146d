import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

const ROOT = join(import.meta.dirname, '../../..')
const SOURCE = join(ROOT, 'src/dashboard')
const BUILT = join(ROOT, 'build')

/** Browsers of 2023 and later. */
const TARGET = ['chrome110', 'firefox115', 'safari16.4']

/** Something that the page loads, by its extension. */
type Loaded = { readonly extension: 'js' | 'css' | 'svg'; readonly body: string }

const TYPES = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml; charset=utf-8',
}

/**
 * Makes `build/dashboard.js` and its types, a module that the Worker imports: the page, and the files that it loads under names that
 * have a hash of their content in them.
 *
 * Several may build at a time, and `wrangler dev` looks for changes: the file is replaced whole, and only by another.
 */
export async function buildDashboard(): Promise<void> {
  const loaded = [...(await bundled()), icon()]
  const names = new Map(loaded.map(({ extension, body }) => [extension, nameOf(extension, body)]))
  const files = Object.fromEntries(
    loaded.map(({ extension, body }) => [names.get(extension), { type: TYPES[extension], body }]),
  )
  const page = readFileSync(join(SOURCE, 'page.html'), 'utf8').replace(
    /\{(js|css|svg)\}/g,
    (_, extension: Loaded['extension']) => `/dashboard/${names.get(extension)}`,
  )
  replaceFile(join(BUILT, 'dashboard.d.ts'), TYPES_OF_IT)
  replaceFile(join(BUILT, 'dashboard.js'), `export const dashboard = ${JSON.stringify({ page, files })}\n`)
}

const TYPES_OF_IT = `export declare const dashboard: {
  readonly page: string
  readonly files: Readonly<Record<string, { readonly type: string; readonly body: string }>>
}
`

async function bundled(): Promise<Loaded[]> {
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

function icon(): Loaded {
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
