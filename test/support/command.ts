import { createHash } from 'node:crypto'
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build, type Plugin } from 'esbuild'
import { must } from '../../src/model/assert.ts'
import { replaceFile } from './replace-file.ts'

const ROOT = join(import.meta.dirname, '../..')
const BUILT = join(ROOT, 'build/commands')

/** Packages with native programs or WebAssembly beside their code, which they find only where they are installed. */
const EXTERNAL = ['@electric-sql/pglite', 'esbuild', 'pg-native', 'workerd', 'wrangler']

/** Files that decide what a bundle is, and are not among those that esbuild reads into it. */
const DECIDING = ['package-lock.json', 'src/local/tsconfig.json', 'test/support/command.ts', 'tsconfig.json']

/**
 * A command of src/local as one file: `command('rollup')` in place of `src/local/rollup.ts`.
 *
 * Node takes up to 2.8 s of processor time to start a command from source, because it strips the types of some 60 files
 * and parses drizzle-orm's package.json once for each of its 110; a bundle starts in 0.3 s. Bundles are kept in
 * build/commands. One is made anew when the content of anything that went into it has changed.
 *
 * @returns the bundle's path.
 */
export async function command(name: string): Promise<string> {
  const file = join(BUILT, `${name}.js`)
  await bundleInto(file, join(ROOT, `src/local/${name}.ts`))
  return file
}

/** @returns whether the bundle had to be made. */
export async function bundleInto(file: string, entry: string): Promise<boolean> {
  if (isFresh(file)) return false
  const { text, hashes } = await bundle(entry)
  // Several workers may make it at a time while processes start from it.
  replaceFile(file, `//${JSON.stringify(hashes)}\n${text}`)
  return true
}

/** By the files' paths from the project's root. */
type Hashes = Readonly<Record<string, string>>

/** The first line of a bundle has the hash of each file that it was made from. */
function isFresh(file: string): boolean {
  if (!existsSync(file)) return false
  const [line = ''] = readFileSync(file, 'utf8').split('\n', 1)
  const hashes: Hashes = JSON.parse(line.slice('//'.length))
  return Object.entries(hashes).every(([path, hash]) => hashOf(path) === hash)
}

function hashOf(path: string): string {
  const file = join(ROOT, path)
  if (!existsSync(file)) return 'absent'
  return createHash('sha256').update(readFileSync(file)).digest('base64url')
}

async function bundle(entry: string): Promise<{ text: string; hashes: Hashes }> {
  const beganMs = Date.now()
  const { outputFiles, metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    external: EXTERNAL,
    plugins: [ownPlaces(entry)],
    // CommonJS packages such as pg call `require`.
    banner: {
      js: `import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url)`,
    },
    logLevel: 'warning',
  })
  // Of a file that changes meanwhile nobody knows what went in, so no content is the same as that.
  const hashUnchanged = (path: string) => (isOlder(path, beganMs) ? hashOf(path) : 'unknown')
  const paths = [...Object.keys(metafile.inputs), ...DECIDING]
  const hashes = Object.fromEntries(paths.map((path) => [path, hashUnchanged(path)]))
  return { text: must(outputFiles[0], 'the bundle').text, hashes }
}

function isOlder(path: string, thanMs: number): boolean {
  const stats = statSync(join(ROOT, path), { throwIfNoEntry: false })
  return stats === undefined || stats.mtimeMs < thanMs
}

/** Lets each of our files find what lies beside it, such as migrations/, and be the main module only if it is the entry. */
function ownPlaces(entry: string): Plugin {
  return {
    name: 'own-places',
    setup({ onLoad }) {
      onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const text = readFileSync(path, 'utf8')
        if (!text.includes('import.meta')) return { contents: text, loader: 'ts' }
        const place = placeOf(path, path === realpathSync(entry))
        return { contents: `${place} ${text.replaceAll('import.meta', 'ownPlace')}`, loader: 'ts' }
      })
    },
  }
}

/** `import.meta` of a file, as source. */
function placeOf(path: string, isEntry: boolean): string {
  const { href } = pathToFileURL(path)
  const [url, dirname_, filename] = [href, dirname(path), path].map((each) => JSON.stringify(each))
  const resolve = `(to) => (to.startsWith('.') ? new URL(to, ${url}).href : import.meta.resolve(to))`
  const main = isEntry ? 'import.meta.main' : 'false'
  return `const ownPlace = { url: ${url}, dirname: ${dirname_}, filename: ${filename}, main: ${main}, resolve: ${resolve} };`
}
