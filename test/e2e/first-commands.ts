import { expect, vi } from 'vitest'
import { type Dev, startDev } from '../support/dev.ts'
import { paste } from './paste.ts'

type Row = { readonly key: string; readonly sum: string; readonly count: string }

/** Adds up the rows that a command prints of the key of dev's commands: there are two when an hour has ended meanwhile. */
async function storedBy(command: string | undefined): Promise<{ sum: number; count: number }> {
  const { rows } = (await paste(command)) as { rows: Row[] }
  const own = rows.filter(({ key }) => key === 'site/example.com/pricing')
  const add = (column: 'sum' | 'count') => own.reduce((all, row) => all + Number(row[column]), 0)
  return { sum: add('sum'), count: add('count') }
}

/**
 * Pastes the commands that a dev has printed, ends it, and does so again after another start on the same state.
 *
 * @param counted how often their key was counted before.
 */
export async function pasteAndStartAgain(first: Dev, state: string, counted = 0): Promise<void> {
  expect(first.log().match(/ready/g)).toHaveLength(1)
  const [count, read, sql] = first.commands
  const total = (more: number) => ({ total: { sum: counted + more, count: counted + more } })
  const untilInPostgres = (command: string | undefined, more: number) =>
    vi.waitFor(async () => expect(await storedBy(command)).toEqual(total(more).total), { timeout: 10_000 })
  expect(await paste(count)).toEqual({ accepted: 1, duplicates: 0, conflicts: [] })
  expect(await paste(read)).toMatchObject(total(1))
  await untilInPostgres(sql, 1)
  expect(await paste(read)).toMatchObject({ ...total(1), pending: 0 })
  // Stopped before it is flushed: it is in Postgres after the next start.
  expect(await paste(count)).toMatchObject({ accepted: 1 })
  expect(await first.stop('SIGINT')).toMatchObject({ code: 0 })
  await first.processes.untilGone(10_000)
  expect(first.log()).toMatch(/Press Ctrl-C to stop everything.\n$/)

  const second = await startDev({ state, port: first.port })
  expect(await paste(read)).toMatchObject(total(2))
  expect(await paste(count)).toMatchObject({ accepted: 1 })
  expect(await paste(read)).toMatchObject(total(3))
  await untilInPostgres(second.commands[2], 3)
  expect(await second.stop('SIGTERM')).toMatchObject({ code: 0 })
}
