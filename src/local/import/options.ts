import { LABELS_MAX } from '../../limits.ts'
import { splitOnce } from '../../model/meter/filters.ts'
import { labelNameFault } from '../../model/slices/labels.ts'
import { parseFlags, parseWholeNumber, parseWorkerAddress, resolvePath, UsageError } from '../cli.ts'
import {
  compileKeyTemplate,
  KEY_DEFAULT,
  type KeyTemplate,
  type LabelTemplates,
  PLACEHOLDERS,
} from './key-template.ts'

const FORMATS = ['auto', 'common', 'combined', 'json', 'ndjson'] as const
export type InputFormat = (typeof FORMATS)[number]

const CONCURRENCY_MAX = 64

export const HELP = `Counts the requests of a web server's access log, or sends increments from NDJSON.

  npm run import -- [options] FILE        standard input without FILE, or with -
  cat access.log.*.gz | npm run import
  tail -F access.log | npm run import -- --follow

Each line of a log counts 1 at the log's own time: the common or combined format, also with the virtual host in
front or behind the prefix of a syslog, docker or kubectl; or JSON, as Caddy and nginx write it. Each line of NDJSON
is one increment { "key", "value"?, "at"?, "id"? }, sent as it is. Gzip files are read as they are, from FILE or
from standard input.

  --into-postgres    add up here and write the sums to Postgres, past the Worker: the default where DATABASE_URL is
                     set and no --url, --token or SUMDIAL_URL names a Worker; without DATABASE_URL, into \`npm run dev\`
  --url URL          where the Worker is (SUMDIAL_URL; http://127.0.0.1:8787)
  --token TOKEN      sent as "Authorization: Bearer" (SUMDIAL_TOKEN, which no process list shows)
  --key TEMPLATE     the key of a log line (${KEY_DEFAULT}), with any of
                     ${PLACEHOLDERS.map((name) => `{${name}}`).join(' ')}
                     {path} has no query string, {target} has; {host} is the client, {vhost} the virtual
                     host without its port; a field that the log leaves empty is -
  --label NAME=TEMPLATE  breaks the counts down by a label, such as --label status={status}; up to 8 of them.
                     A line that lacks the field, or has - in it, has no such label
  --format FORMAT    ${FORMATS.join(', ')} (auto: by the first line)
  --concurrency N    requests under way at a time, at most ${CONCURRENCY_MAX} (4)
  --since LINE       go on with a file that has grown: an earlier import of it named LINE as the next
  --again            count lines that an earlier import has counted once more
  --follow           send lines within a second or two, also when more are to come; for tail -F
  --dry-run          read and check everything, send nothing
  --help

Importing the same input again counts nothing twice, so run the same command again after anything that went
wrong: a crash, a lost connection, a server that was away. Over HTTP this holds while the hours of its lines
are open, with the same --key and a token of the same name.

Into Postgres, whichever hours the lines are of, the same input counts once, for ever, whatever ends the import;
an input that has grown goes on where it ended. The two ways do not know of each other: what one has counted,
the other counts again. Lines of NDJSON need "at" and must not have an "id".

Over HTTP, lines are sent in batches whose names follow from the input: from its beginning up to the batch. So:
- A file that has grown counts each complete batch once. A batch that has got more lines since is refused as a
  whole, and said. Import the file with --since LINE, which counts the new lines of such a batch alone: each
  import names the LINE that is the next.
- Another file with the same content is the same input. Count it with --again.
- With --again or --follow the names are random, so a second run counts again.
- A line of NDJSON with an "id" counts once by that id instead.
- A line of NDJSON without "at" and "id" counts at the time when it is read. Only such a line counts again
  when it is imported again in another hour.

Percent-encoding is kept as logged. Bytes that are not UTF-8, and control characters, are written as %HH.
A key of more than 512 bytes becomes its beginning, ~ and a hash, and is counted so.
Lines that cannot be read, or make no key, are refused, and shown with their number. Lines of clients that sent no
HTTP are no fault: they have a count of their own.

Exits with 0 when every other line was counted, now or by an earlier import; with 1 when not, 2 when called
wrongly, 130 after Ctrl-C.
`

export const FLAGS = {
  'into-postgres': { type: 'boolean', default: false },
  url: { type: 'string' },
  token: { type: 'string' },
  key: { type: 'string' },
  label: { type: 'string', multiple: true },
  format: { type: 'string', default: 'auto' },
  concurrency: { type: 'string' },
  since: { type: 'string' },
  again: { type: 'boolean', default: false },
  follow: { type: 'boolean', default: false },
  'dry-run': { type: 'boolean', default: false },
} as const

export type Options = {
  /** Absolute; null for standard input. */
  readonly file: string | null
  /** Whether the sums go straight to Postgres. */
  readonly isStraight: boolean
  readonly url: URL
  readonly token: string | undefined
  /** The template of a log line's key and labels, as they were given. */
  readonly template: string
  readonly keyOf: KeyTemplate
  /** Whether a template was given, which NDJSON would ignore. */
  readonly hasKeyOption: boolean
  readonly format: InputFormat
  readonly concurrency: number
  /** The first line that an earlier import did not have; null without one. */
  readonly since: number | null
  readonly isAgain: boolean
  readonly isFollowing: boolean
  readonly isDryRun: boolean
}

/** @throws UsageError */
export function parseOptions(args: readonly string[], env: NodeJS.ProcessEnv): Options {
  const { values, positionals } = parseFlags(args, FLAGS, { allowPositionals: true })
  if (positionals.length > 1)
    throw new UsageError('Only one FILE at a time. To import several: cat them into standard input.')
  const [file = '-'] = positionals
  const key = values.key ?? KEY_DEFAULT
  const labels = parseLabels(values.label ?? [])
  // Without labels the names of batches are what they were before there were any.
  const template =
    values.label === undefined ? key : `${key} ${JSON.stringify(Object.entries(labels).sort())}`
  const options: Options = {
    ...parseWorkerAddress(values, env),
    isStraight: isStraight(values, env),
    file: file === '-' ? null : resolvePath('import', file, env),
    template,
    keyOf: parseKey(key, labels),
    hasKeyOption: values.key !== undefined || values.label !== undefined,
    format: parseFormat(values.format),
    concurrency: parseWholeNumber('--concurrency', values.concurrency ?? '4', 1, CONCURRENCY_MAX),
    since: values.since === undefined ? null : parseWholeNumber('--since', values.since, 1, 9_999_999_999),
    isAgain: values.again,
    isFollowing: values.follow,
    isDryRun: values['dry-run'],
  }
  if (options.format === 'ndjson' && options.hasKeyOption) throw new UsageError(KEY_WITH_NDJSON)
  if (options.since !== null && (options.isAgain || options.isFollowing)) throw new UsageError(SINCE_ALONE)
  return options
}

type Values = ReturnType<typeof parseFlags<typeof FLAGS>>['values']

/** The options that mean the way over HTTP. */
const OVER_HTTP = ['url', 'token', 'concurrency', 'since', 'follow', 'dry-run'] as const

/** @throws UsageError for options that do not go together */
function isStraight(values: Values, { DATABASE_URL = '', SUMDIAL_URL = '' }: NodeJS.ProcessEnv): boolean {
  const [given] = OVER_HTTP.filter((name) => values[name] !== undefined && values[name] !== false)
  if (!values['into-postgres']) return DATABASE_URL !== '' && SUMDIAL_URL === '' && given === undefined
  if (given === undefined) return true
  throw new UsageError(`--into-postgres sends nothing to a Worker: leave out --${given}.`)
}

const SINCE_ALONE =
  '--since goes on with an import whose names can be repeated: leave out --again and --follow.'

export const KEY_WITH_NDJSON =
  '--key and --label are for access logs. The lines of NDJSON have their own: leave them out.'

/** @throws UsageError */
function parseLabels(given: readonly string[]): LabelTemplates {
  if (given.length > LABELS_MAX) throw new UsageError(`--label may be given at most ${LABELS_MAX} times.`)
  const labels = given.map((text) => {
    const [name, template = ''] = splitOnce(text, '=')
    const fault = template === '' ? 'is no NAME=TEMPLATE, such as status={status}' : labelNameFault(name)
    if (fault !== undefined) throw new UsageError(`--label \`${text}\` ${fault}.`)
    return [name, template]
  })
  return Object.fromEntries(labels)
}

function parseKey(template: string, labels: LabelTemplates): KeyTemplate {
  try {
    return compileKeyTemplate(template, labels)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new UsageError(`--key \`${template}\`, or a --label, makes no text: ${error.message}.`)
  }
}

function parseFormat(text: string): InputFormat {
  const format = FORMATS.find((name) => name === text)
  if (format === undefined)
    throw new UsageError(`--format must be one of ${FORMATS.join(', ')}, not \`${text}\`.`)
  return format
}
