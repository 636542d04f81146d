import { REQUEST_ITEMS_MAX } from '../../limits.ts'
import { parseFlags, parseWholeNumber, parseWorkerAddress, resolvePath, UsageError } from '../cli.ts'
import { compileKeyTemplate, KEY_DEFAULT, type KeyTemplate, PLACEHOLDERS } from './key-template.ts'

const FORMATS = ['auto', 'common', 'combined', 'ndjson'] as const
export type Format = (typeof FORMATS)[number]

const CONCURRENCY_MAX = 64

export const HELP = `Counts the requests of a web server's access log, or sends increments from NDJSON.

  npm run import -- [options] FILE        standard input without FILE, or with -
  zcat access.log.*.gz | npm run import
  tail -F access.log | npm run import

Each line of a log (common or combined format) counts 1 at the log's own time. Each line of NDJSON is one
increment { "key", "value"?, "at"?, "id"? }, sent as it is.

  --url URL          where the Worker is (SUMDIAL_URL; http://127.0.0.1:8787)
  --token TOKEN      sent as "Authorization: Bearer" (SUMDIAL_TOKEN, which no process list shows)
  --key TEMPLATE     the key of a log line (${KEY_DEFAULT}), with any of
                     ${PLACEHOLDERS.map((name) => `{${name}}`).join(' ')}
                     {path} has no query string, {target} has; {host} is the client; a field that the
                     log leaves empty is -
  --format FORMAT    ${FORMATS.join(', ')} (auto: by the first line)
  --batch N          increments in one request, at most ${REQUEST_ITEMS_MAX} (1000)
  --concurrency N    requests under way at a time (4)
  --dry-run          read and check everything, send nothing
  --help

Exits with 0 when everything was acknowledged, 1 when not, 2 when called wrongly, 130 after Ctrl-C.

Percent-encoding is kept as logged. Bytes that are not UTF-8, and control characters, are written as %HH.
A key of more than 512 bytes becomes its beginning, ~ and a hash, and is counted so.
Lines that are no requests, or make no key, are refused, and shown with their number. Nothing is sent twice
that may have been counted: such lines are shown as unknown.
`

export interface Options {
  /** Absolute; null for standard input. */
  readonly file: string | null
  readonly url: URL
  readonly token: string | undefined
  readonly keyOf: KeyTemplate
  /** A key template was asked for; with NDJSON it would be ignored. */
  readonly hasKeyOption: boolean
  readonly format: Format
  readonly bundleItems: number
  readonly concurrency: number
  readonly dryRun: boolean
}

/** @throws UsageError */
export function parseOptions(args: readonly string[], env: NodeJS.ProcessEnv): Options {
  const { values, positionals } = parseFlags(
    args,
    {
      url: { type: 'string' },
      token: { type: 'string' },
      key: { type: 'string' },
      format: { type: 'string', default: 'auto' },
      batch: { type: 'string', default: '1000' },
      concurrency: { type: 'string', default: '4' },
      'dry-run': { type: 'boolean', default: false },
    },
    { allowPositionals: true },
  )
  if (positionals.length > 1)
    throw new UsageError('one FILE at a time (several: cat them into standard input)')
  const [file = '-'] = positionals
  const options: Options = {
    ...parseWorkerAddress(values, env),
    file: file === '-' ? null : resolvePath('import', file, env),
    keyOf: parseKey(values.key ?? KEY_DEFAULT),
    hasKeyOption: values.key !== undefined,
    format: parseFormat(values.format),
    bundleItems: parseWholeNumber('--batch', values.batch, 1, REQUEST_ITEMS_MAX),
    concurrency: parseWholeNumber('--concurrency', values.concurrency, 1, CONCURRENCY_MAX),
    dryRun: values['dry-run'],
  }
  if (options.format === 'ndjson' && options.hasKeyOption) throw new UsageError(KEY_WITH_NDJSON)
  return options
}

export const KEY_WITH_NDJSON = '--key is for access logs: the lines of NDJSON have keys of their own'

function parseKey(template: string): KeyTemplate {
  try {
    return compileKeyTemplate(template)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new UsageError(`--key ${template}: ${error.message}`)
  }
}

function parseFormat(text: string): Format {
  const format = FORMATS.find((name) => name === text)
  if (format === undefined) throw new UsageError(`--format ${text}: one of ${FORMATS.join(', ')}`)
  return format
}
