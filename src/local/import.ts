import { createReadStream, type ReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { runtimeTiming } from '../client/internal.ts'
import { CommandFailed, listenForInterrupts, main, UsageError } from './cli.ts'
import { type FoundDatabase, findDatabase } from './find-database.ts'
import { Connection } from './import/connection.ts'
import { CUT_BOUNDS } from './import/cutting.ts'
import { refuseDamaged, UnreadableInput } from './import/gunzip.ts'
import { type Import, runImport } from './import/importer.ts'
import { FLAGS, HELP, KEY_WITH_NDJSON, type Options, parseOptions } from './import/options.ts'
import { findFormat, jsonLogReader, logReader, ndjsonReader, type Reader } from './import/reader.ts'
import { rehearse } from './import/rehearsal.ts'
import type { StraightOutcome } from './import/straight/run.ts'
import { exitCodeOf, summarize } from './import/summary.ts'
import { ImportTally, printable } from './import/tally.ts'
import { formatCount, showProgress } from './progress.ts'

/** Bytes that are read from a file at once: less reading and less waiting than with 64 KiB. */
const CHUNK_BYTES = 1024 * 1024

/** How long a pipe is silent before the person is told about `--follow`. */
const IDLE_MS = 4_000

process.exitCode = await main({ name: 'import', help: HELP, flags: FLAGS, run }, process.argv.slice(2))

async function run(args: readonly string[]): Promise<number> {
  const options = parseOptions(args, process.env)
  const { file, isDryRun, isAgain, isFollowing, isStraight } = options
  if (file === null && process.stdin.isTTY) throw new UsageError('Name a FILE, or pipe one in.')
  const totalBytes = file === null ? null : await sizeOf(file)
  if (file !== null) await checkUndamaged(file)
  const startMs = Date.now()
  const tally: ImportTally = new ImportTally((text) => progress.say(text))
  const database = isStraight ? findDatabase(process.env, '--into-postgres') : null
  const input = file === null ? process.stdin : createReadStream(file, { highWaterMark: CHUNK_BYTES })
  const hint = file === null && !isFollowing ? idleHint(tally) : () => ''
  const progress = showProgress(() => {
    return `${lineOf(tally, Date.now() - startMs, percentOf(input, totalBytes))}${hint()}`
  })
  const work =
    database === null ? importAll(input, options, tally) : straight(input, options, tally, database)
  const { ending, finalHours } = await work.finally(() => progress[Symbol.dispose]())
  input.destroy()
  const isRepeatable = !isAgain && !isFollowing
  const elapsedMs = Date.now() - startMs
  const url = database === null || process.env['DATABASE_URL'] === undefined ? options.url : null
  console.log(
    summarize({
      tally,
      ending,
      finalHours,
      elapsedMs,
      isDryRun,
      isRepeatable,
      database: database?.name ?? null,
      url,
    }),
  )
  return exitCodeOf(tally, ending)
}

async function importAll(
  input: Import['input'],
  options: Options,
  tally: ImportTally,
): Promise<StraightOutcome> {
  const { isDryRun, isAgain, isFollowing, concurrency, since, url, token } = options
  const ending = await runImport({
    input,
    readerFor: (first) => readerFor(first, options),
    connection: isDryRun ? rehearse(Date.now, console.log) : new Connection({ url, token }),
    tally,
    timing: runtimeTiming,
    bounds: CUT_BOUNDS,
    concurrency,
    salt: isAgain || isFollowing ? runtimeTiming.newName() : null,
    since,
    isFollowing,
    interrupt: listenForInterrupts(),
  })
  return { ending, finalHours: [] }
}

async function straight(
  input: Import['input'],
  options: Options,
  tally: ImportTally,
  database: FoundDatabase,
): Promise<StraightOutcome> {
  // Here, because Postgres's drivers take longer to load than all else, and an import through a Worker needs none.
  const { importStraight } = await import('./import/straight/run.ts')
  return importStraight(database, {
    input,
    readerFor: (first) => readerFor(first, options),
    tally,
    salt: options.isAgain ? runtimeTiming.newName() : null,
    interrupt: listenForInterrupts(),
  })
}

function readerFor(first: Buffer, { format, template, keyOf, hasKeyOption }: Options): Reader {
  const found = format === 'auto' ? findFormat(first) : format
  if (found === 'json') return jsonLogReader(template, keyOf)
  if (found !== 'ndjson') return logReader(found, template, keyOf)
  if (hasKeyOption) throw new UsageError(KEY_WITH_NDJSON)
  return ndjsonReader
}

async function checkUndamaged(file: string): Promise<void> {
  try {
    await refuseDamaged(file)
  } catch (error) {
    if (!(error instanceof UnreadableInput)) throw error
    throw new CommandFailed(`${error.message} Nothing was sent. Get the file anew, or repair it.`)
  }
}

/** Null for an input without a size, such as a pipe. */
async function sizeOf(file: string): Promise<number | null> {
  try {
    const stats = await stat(file)
    if (stats.isDirectory()) throw new UsageError(`${file} is a folder. Name a file.`)
    return stats.isFile() ? stats.size : null
  } catch (error) {
    if (error instanceof UsageError || !(error instanceof Error)) throw error
    throw new UsageError(`${file} cannot be read: ${error.message}.`)
  }
}

function percentOf(input: ReadStream | NodeJS.ReadStream, totalBytes: number | null): string {
  if (!totalBytes || !('bytesRead' in input)) return ''
  return `${Math.floor((100 * input.bytesRead) / totalBytes)} %, `
}

function lineOf(tally: ImportTally, elapsedMs: number, percent: string): string {
  const { lines, acknowledged, refused, trouble } = tally
  const rate = formatCount(Math.round((lines * 1000) / Math.max(1, elapsedMs)))
  return `${percent}${formatCount(lines)} lines read, ${formatCount(acknowledged)} counted, ${formatCount(refused)} refused, ${rate} lines/s${trouble === '' ? '' : `, trying again: ${printable(trouble, 200)}`}`
}

/** For `tail -F` without `--follow`: lines wait there until their batch is full. */
function idleHint(tally: ImportTally): () => string {
  let seen = { lines: 0, atMs: Date.now() }
  return () => {
    if (tally.lines !== seen.lines) seen = { lines: tally.lines, atMs: Date.now() }
    const isIdle = tally.lines > 0 && tally.trouble === '' && Date.now() - seen.atMs >= IDLE_MS
    return isIdle ? ', waiting for more input (--follow sends lines as they come)' : ''
  }
}
