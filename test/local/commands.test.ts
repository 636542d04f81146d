import { execFile } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { bundleInto } from '../support/command.ts'

const start = promisify(execFile)

describe('the bundle of a command', () => {
  function folderOf(files: Readonly<Record<string, string>>): string {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'sumdial-command-')))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    write(folder, files)
    return folder
  }

  /** Gives all the same time, as git and cp may. */
  function write(folder: string, files: Readonly<Record<string, string>>, at = new Date(2026, 0)): void {
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(folder, name), text)
      utimesSync(join(folder, name), at, at)
    }
  }

  async function run(folder: string) {
    const file = join(folder, 'built/main.js')
    const isNew = await bundleInto(file, join(folder, 'main.ts'))
    return { isNew, says: (await start(process.execPath, [file])).stdout.trim() }
  }

  test('is made once, and anew when a file that it imports has changed, by however little', async () => {
    const word = (text: string) => ({ 'word.ts': `export const word: string = '${text}'` })
    const folder = folderOf({
      'main.ts': "import { word } from './word.ts'\nconsole.log(word)",
      ...word('one'),
    })
    expect(await run(folder)).toEqual({ isNew: true, says: 'one' })
    expect(await run(folder)).toEqual({ isNew: false, says: 'one' })
    write(folder, word('two'))
    expect(await run(folder)).toEqual({ isNew: true, says: 'two' })
    expect(await run(folder)).toEqual({ isNew: false, says: 'two' })
  })

  test('is not kept when a file changes while it is made', async () => {
    const folder = folderOf({})
    write(folder, { 'main.ts': 'console.log(1)' }, new Date(Date.now() + 60_000))
    expect(await run(folder)).toEqual({ isNew: true, says: '1' })
    expect(await run(folder)).toEqual({ isNew: true, says: '1' })
  })

  test('finds what lies beside its source, and takes no imported module for the main one', async () => {
    const folder = folderOf({
      'main.ts': "import { place } from './place.ts'\nif (import.meta.main) console.log(place)",
      'place.ts': "export const place = import.meta.dirname\nif (import.meta.main) console.log('not this')",
    })
    expect((await run(folder)).says).toBe(folder)
  })
})
