import { readFileSync } from 'node:fs'
import { prefixFault } from '../../model/key.ts'
import { nameFault, SCOPES, type Scope } from '../../model/token.ts'
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
  --tokens FILE      a file with the present value of API_TOKENS (the variable API_TOKENS; if it is not set,
                     this is the first token)
  --help

Nothing is stored or sent. The token is shown only once, because the secret holds just its hash.

  npm run token -- --name web --scopes write --prefix site/acme
  npm run token -- --name reports --scopes read --tokens tokens.json`

export const FLAGS = {
  name: { type: 'string', default: '' },
  scopes: { type: 'string', default: '' },
  prefix: { type: 'string' },
  tokens: { type: 'string' },
} as const

export interface Options {
  readonly name: string
  readonly scopes: readonly Scope[]
  readonly prefix: string | undefined
  /** The present value of API_TOKENS, and the file or variable that it comes from. */
  readonly present: { readonly text: string; readonly from: string }
}

/** @throws UsageError */
export function parseOptions(args: readonly string[], env: NodeJS.ProcessEnv): Options {
  const { values } = parseFlags(args, FLAGS)
  const { name, scopes, prefix, tokens } = values
  refuse('--name', nameFault(name))
  if (prefix !== undefined) refuse('--prefix', prefixFault(prefix))
  return { name, scopes: parseScopes(scopes), prefix, present: readPresent(tokens, env) }
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
