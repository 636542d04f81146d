import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A new folder that only this user can read. It is removed when this object is disposed of, or when the process ends. */
export function privateFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'sumdial-deploy-'))
  const remove = () => rmSync(path, { recursive: true, force: true })
  process.once('exit', remove)
  return {
    path,
    [Symbol.dispose]() {
      process.off('exit', remove)
      remove()
    },
  }
}
