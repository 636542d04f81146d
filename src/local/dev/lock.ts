import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { CommandFailed } from '../cli.ts'

/** SQLite's code for a lock that another process has (sqlite.org/rescode.html). */
const SQLITE_BUSY = 5

/**
 * Takes the state folder for this process, because two Workers on the same storage would corrupt it.
 *
 * SQLite locks the file `lock`, and the kernel releases that lock however the process ends. A file that only names a process
 * is stale after a kill -9, when another process may already have that number.
 *
 * @throws CommandFailed when another process has the folder.
 */
export function lockState(state: string): Disposable {
  const lock = new DatabaseSync(join(state, 'lock'))
  try {
    // The first transaction stores this process's id, for the message below. The second one stays open: it is the lock.
    lock.exec(`begin immediate; pragma user_version = ${process.pid}; commit; begin immediate`)
  } catch (error) {
    const holder = isBusy(error) ? lock.prepare('pragma user_version').get()?.['user_version'] : undefined
    lock.close()
    if (holder === undefined) throw error
    throw new CommandFailed(
      `Another npm run dev (process ${holder}) is using ${state}. Stop it, or choose another folder with --state.`,
    )
  }
  return { [Symbol.dispose]: () => lock.close() }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY
}
