import { readFileSync } from 'node:fs'
import { nameFault, type Rights, rightsSchema, SCOPES, type Scope } from '../../model/access/grant.ts'
import { must } from '../../model/assert.ts'
import { parseFlags, resolvePath, UsageError } from '../cli.ts'

export const HELP = `Makes a token, and adds it to the value of the secret API_TOKENS.

  npm run token -- --name NAME --scopes SCOPES [options]

  --name NAME        who uses the token; each name has its own Idempotency-Keys
  --scopes SCOPES    what the token may do, separated by commas:
                       write   count positive values
                       adjust  with write: count negative values too
                       read    read counts
                       admin   retry and discard parked cells
  --prefix PREFIX    limits the token to keys under this prefix, in whole segments: site/acme covers
                     site/acme and site/acme/x, but not site/acme-corp (all keys)
  --value-max N      limits one increment to N, in either direction
  --items-max N      limits a request to N increments
  --depth N          limits keys to N segments below the prefix
  --keys KEY         limits the token to this key; repeat it for several
  --tokens FILE      a file with the present value of API_TOKENS (the variable API_TOKENS; if it is not set,
                     this is the first token)
  --help

Nothing is stored or sent. The token is shown only once, because the secret holds just its hash.

  npm run token -- --name web --scopes write --prefix site/acme --value-max 1 --items-max 20
  npm run token -- --name reports --scopes read --tokens tokens.json`

export const FLAGS = {
  name: { type: 'string', default: '' },
  scopes: { type: 'string', default: '' },
  prefix: { type: 'string' },
  'value-max': { type: 'string' },
  'items-max': { type: 'string' },
  depth: { type: 'string' },
  keys: { type: 'string', multiple: true },
  tokens: { type: 'string' },
} as const

export interface Options {
  readonly name: string
  readonly rights: Rights
  /** The present value of API_TOKENS, and the file or variable that it comes from. */
  readonly present: { readonly text: string; readonly from: string }
}

/** @throws UsageError */
export function parseOptions(args: readonly string[], env: NodeJS.ProcessEnv): Options {
  const { values } = parseFlags(args, FLAGS)
  const { name, scopes, prefix, keys, tokens } = values
  refuse('--name', nameFault(name))
  const given = {
    scopes: parseScopes(scopes),
    prefix,
    valueMax: numberOf(values['value-max']),
    itemsMax: numberOf(values['items-max']),
    depth: numberOf(values.depth),
    keys,
  }
  return { name, rights: parseRights(given), present: readPresent(tokens, env) }
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text)
}

/** The fields of rights whose options have other names. */
const OPTIONS: Readonly<Record<string, string>> = { valueMax: 'value-max', itemsMax: 'items-max' }

/** Checks rights as the Worker will check them. */
function parseRights(given: Record<keyof Rights, unknown>): Rights {
  const parsed = rightsSchema.safeParse(given)
  if (parsed.success) return parsed.data
  const { path, message } = must(parsed.error.issues[0], 'a fault')
  const field = String(path[0])
  throw new UsageError(`--${OPTIONS[field] ?? field} ${message}.`)
}

const NONE = { text: '[]', from: '' }

function refuse(option: string, fault: string | undefined): void {
  if (fault !== undefined) throw new UsageError(`${option} ${fault}.`)
}

function parseScopes(text: string): Scope[] {
  const words = text.split(',').map((word) => word.trim())
  const scopes = SCOPES.filter((scope) => words.includes(scope))
  const unknown = words.find((word) => !scopes.some((scope) => scope === word))
  if (unknown === undefined) return scopes
  const fault =
    unknown === '' ? '--scopes is missing or has an empty part' : `--scopes: there is no scope \`${unknown}\``
  throw new UsageError(`${fault}. Give one or more of ${SCOPES.join(', ')}, separated by commas.`)
}

function readPresent(file: string | undefined, env: NodeJS.ProcessEnv): Options['present'] {
  const { API_TOKENS = '' } = env
  if (file === undefined) return API_TOKENS === '' ? NONE : { text: API_TOKENS, from: 'API_TOKENS' }
  try {
    return { text: withoutMark(readFileSync(resolvePath('token', file, env), 'utf8')), from: file }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new UsageError(`--tokens: ${reason}. Leave it out for the first token.`)
  }
}

/** Windows may put a byte order mark in front of a file, and JSON has none. */
function withoutMark(text: string): string {
  return text.replace(/^\u{feff}/u, '')
}
