import { readFileSync } from 'node:fs'
import { type Rights, tokenNameFault } from '../../model/access/grant.ts'
import { signedNameFault } from '../../model/access/signed-token.ts'
import { parseFlags, resolvePath, UsageError } from '../cli.ts'
import { parseRights, RIGHTS_FLAGS } from './rights.ts'

export const HELP = `Makes a token: one for the secret API_TOKENS, or with --sign one that carries its own rights.

  npm run token -- --name NAME --scopes SCOPES [options]

  --name NAME        who uses the token; each name has its own Idempotency-Keys
  --scopes SCOPES    what the token may do, separated by commas:
                       write   count positive values
                       adjust  with write: count negative values too
                       read    read counts
                       admin   retry and discard parked cells
                       hit     count page views; alone, with a prefix, and fit to stand in a page
  --prefix PREFIX    limits the token to keys under this prefix, in whole segments: site/acme covers
                     site/acme and site/acme/x, but not site/acme-corp (all keys)
  --value-max N      limits one increment to N, in either direction
  --items-max N      limits a request to N increments
  --depth N          limits keys to N segments below the prefix
  --keys KEY         limits the token to this key; repeat it for several
  --tokens FILE      a file with the present value of API_TOKENS (the variable API_TOKENS; if it is not set,
                     this is the first token)
  --sign             signs the token by the variable TOKEN_SECRET, which the Worker has too: there may be any
                     number of such tokens, and API_TOKENS stays as it is
  --expires TIME     with --sign: refuses the token from then on, such as 2027-01-01T00:00:00Z (never)
  --help

Nothing is stored or sent. The token is shown only once.

  npm run token -- --name web --scopes write --prefix site/acme --value-max 1 --items-max 20
  npm run token -- --name pages --scopes hit --prefix site/acme
  npm run token -- --name reports --scopes read --tokens tokens.json
  npm run token -- --sign --name acme --scopes write,read --prefix customers/acme`

export const FLAGS = {
  name: { type: 'string', default: '' },
  ...RIGHTS_FLAGS,
  tokens: { type: 'string' },
  sign: { type: 'boolean', default: false },
  expires: { type: 'string' },
} as const

export type Options = StoredOptions | SignedOptions

export type StoredOptions = {
  readonly kind: 'stored'
  readonly name: string
  readonly rights: Rights
  /** The present value of API_TOKENS, and the file or variable that it comes from. */
  readonly present: { readonly text: string; readonly from: string }
}

export type SignedOptions = {
  readonly kind: 'signed'
  readonly name: string
  readonly rights: Rights
  readonly expires: string | undefined
  /** The value of TOKEN_SECRET. */
  readonly secret: string
}

/** @throws UsageError */
export function parseOptions(args: readonly string[], env: NodeJS.ProcessEnv): Options {
  const { values } = parseFlags(args, FLAGS)
  const { name, tokens, sign, expires, ...given } = values
  refuse('--name', sign ? signedNameFault(name) : tokenNameFault(name))
  const rights = parseRights(given)
  if (sign) {
    if (tokens !== undefined)
      throw new UsageError('--tokens is for tokens of API_TOKENS: leave it out with --sign.')
    return { kind: 'signed', name, rights, expires, secret: env['TOKEN_SECRET'] ?? '' }
  }
  if (expires !== undefined) throw new UsageError('--expires is for signed tokens: add --sign.')
  return { kind: 'stored', name, rights, present: readPresent(tokens, env) }
}

const NONE = { text: '[]', from: '' }

function refuse(option: string, fault: string | undefined): void {
  if (fault !== undefined) throw new UsageError(`${option} ${fault}.`)
}

function readPresent(file: string | undefined, env: NodeJS.ProcessEnv): StoredOptions['present'] {
  const { API_TOKENS = '' } = env
  if (file === undefined) return API_TOKENS === '' ? NONE : { text: API_TOKENS, from: 'API_TOKENS' }
  try {
    return { text: readFileSync(resolvePath('token', file, env), 'utf8'), from: file }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new UsageError(`--tokens: ${reason}. Leave it out for the first token.`)
  }
}
