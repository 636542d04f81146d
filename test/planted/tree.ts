import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { must } from '../../src/model/assert.ts'
import type { Edit } from './plant.ts'

export const ROOT = join(import.meta.dirname, '../..')

/** Everything that the tests read. */
const PARTS = [
  'src',
  'test',
  'docs',
  'migrations',
  'SPEC.md',
  'package.json',
  'tsconfig.json',
  'vitest.config.ts',
  'wrangler.toml',
  'drizzle.config.ts',
]

/** A copy of the project as it stands, uncommitted work included, for mistakes to be planted in. */
export interface Tree {
  readonly dir: string
  /** Makes the edits, runs `body`, and takes them back. @throws PlantNotFound and makes none of them. */
  withEdits<T>(edits: readonly Edit[], body: () => Promise<T>): Promise<T>
  remove(): void
}

/** The source has changed, so the plant's text is no longer there (or is there twice). */
export class PlantNotFound extends Error {
  override name = 'PlantNotFound'
}

export function copyTree(): Tree {
  const dir = mkdtempSync(join(tmpdir(), 'sumdial-planted-'))
  for (const part of PARTS) cpSync(join(ROOT, part), join(dir, part), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(dir, 'node_modules'))
  return {
    dir,
    async withEdits(edits, body) {
      const original = readFiles(dir, edits)
      write(dir, applyEdits(original, edits))
      try {
        return await body()
      } finally {
        write(dir, original)
      }
    },
    remove: () => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }),
  }
}

/** The files that a plant edits, by their paths. */
export function readFiles(dir: string, edits: readonly Edit[]): Map<string, string> {
  return new Map(edits.map(({ file }) => [file, readFileSync(join(dir, file), 'utf8')]))
}

/** Makes all edits, or none. @throws PlantNotFound when a file does not contain an edit's text exactly once. */
export function applyEdits(files: ReadonlyMap<string, string>, edits: readonly Edit[]): Map<string, string> {
  const edited = new Map(files)
  for (const { file, find, replace } of edits) {
    const text = must(edited.get(file), file)
    const times = text.split(find).length - 1
    if (times !== 1) throw new PlantNotFound(`${file} contains this ${times} times instead of once: ${find}`)
    edited.set(
      file,
      text.replace(find, () => replace),
    )
  }
  return edited
}

function write(dir: string, files: ReadonlyMap<string, string>): void {
  for (const [file, text] of files) writeFileSync(join(dir, file), text)
}
