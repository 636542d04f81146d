import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { CommandFailed } from '../cli.ts'

/** SQLite's code for a lock that somebody else has (sqlite.org/rescode.html). */
const SQLITE_BUSY = 5

/**
 * Takes the state folder for this process: two Workers on the same storage would corrupt it.
 *
 * The lock is SQLite's on the file `lock`, because the kernel drops it when the process ends, however it ends. A
 * file that merely names a process is stale after a kill -9, and then its number may already be another's.
 *
 * @throws CommandFailed when another process has it.
 */
export function lockState(state: string): Disposable {
  const lock = new DatabaseSync(join(state, 'lock'))
  try {
    // The number is committed for those who are refused to read; the transaction after it is the lock.
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
