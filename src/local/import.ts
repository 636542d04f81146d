import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { listenForInterrupts, main, UsageError } from './cli.ts'
import { type Ending, LINGER_MS, runImport } from './import/importer.ts'
import { HELP, KEY_WITH_NDJSON, type Options, parseOptions } from './import/options.ts'
import type { Timing } from './import/patience.ts'
import { type Post, postTo } from './import/post.ts'
import { showProgress } from './import/progress.ts'
import { logReader, looksLikeNdjson, ndjsonReader, type Reader } from './import/reader.ts'
import { exitCodeOf, summarize } from './import/summary.ts'
import { printable, Tally } from './import/tally.ts'

const clock: Timing = {
  now: Date.now,
  random: Math.random,
  after(ms, callback) {
    const timer = setTimeout(callback, ms)
    return () => clearTimeout(timer)
  },
}

process.exitCode = await main({ name: 'import', help: HELP, run }, process.argv.slice(2))

async function run(args: readonly string[]): Promise<number> {
  const options = parseOptions(args, process.env)
  if (options.file === null && process.stdin.isTTY) throw new UsageError('no FILE, and nothing is piped in')
  const totalBytes = options.file === null ? null : await sizeOf(options.file)
  const startMs = clock.now()
  const tally: Tally = new Tally((text) => progress.say(text))
  const progress = showProgress(() => tally, totalBytes, process.stderr, clock.now)
  const ending = await importAll(options, tally).finally(() => progress.stop())
  console.log(summarize(tally, ending, clock.now() - startMs, options.dryRun))
  return exitCodeOf(tally, ending)
}

async function importAll(options: Options, tally: Tally): Promise<Ending> {
  const input = options.file === null ? process.stdin : createReadStream(options.file)
  const { bundleItems, concurrency, dryRun, url, token } = options
  const ending = await runImport({
    input,
    readerFor: (first) => readerFor(first, options),
    post: dryRun ? pretend() : postTo(url, token),
    tally,
    clock,
    bundleItems,
    concurrency,
    lingerMs: LINGER_MS,
    interrupt: listenForInterrupts(),
  })
  input.destroy()
  return ending
}

function readerFor(first: Buffer, { format, keyOf, hasKeyOption }: Options): Reader {
  if (format !== 'ndjson' && !(format === 'auto' && looksLikeNdjson(first))) return logReader(format, keyOf)
  if (hasKeyOption) throw new UsageError(KEY_WITH_NDJSON)
  return ndjsonReader
}

/** Takes everything, and shows the first few increments as they would be sent. */
function pretend(): Post {
  let shown = false
  return async (body) => {
    const increments: unknown[] = JSON.parse(body)
    if (!shown) for (const one of increments.slice(0, 3)) console.log(printable(JSON.stringify(one), 1000))
    shown = true
    const accepted = { accepted: increments.length, duplicates: 0, conflicts: [] }
    return {
      kind: 'answered',
      status: 202,
      isProblem: false,
      retryAfter: null,
      location: null,
      body: accepted,
    }
  }
}

/** Null for what has no size, such as a pipe. */
async function sizeOf(file: string): Promise<number | null> {
  try {
    const stats = await stat(file)
    if (stats.isDirectory()) throw new UsageError(`${file} is a folder`)
    return stats.isFile() ? stats.size : null
  } catch (error) {
    if (error instanceof UsageError || !(error instanceof Error)) throw error
    throw new UsageError(error.message)
  }
}
