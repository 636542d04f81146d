import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Edit } from './plants.ts'

const ROOT = join(import.meta.dirname, '../..')

/** What the tests read. */
const PARTS = [
  'src',
  'test',
  'docs',
  'migrations',
  'docs',
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

/** The source has changed under the plant: there is nothing left to plant it in. */
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
      const original = new Map(edits.map(({ file }) => [file, readFileSync(join(dir, file), 'utf8')]))
      const edited = new Map(original)
      for (const edit of edits) edited.set(edit.file, applyEdit(edited.get(edit.file) ?? '', edit))
      write(dir, edited)
      try {
        return await body()
      } finally {
        write(dir, original)
      }
    },
    remove: () => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }),
  }
}

function applyEdit(text: string, { file, find, replace }: Edit): string {
  const times = text.split(find).length - 1
  if (times !== 1) throw new PlantNotFound(`${file} has it ${times} times: ${find}`)
  return text.replace(find, () => replace)
}

function write(dir: string, files: ReadonlyMap<string, string>): void {
  for (const [file, text] of files) writeFileSync(join(dir, file), text)
}
