import { type Rights, rightsSchema, SCOPES, type Scope } from '../../model/access/grant.ts'
import { must } from '../../model/assert.ts'
import { UsageError } from '../cli.ts'

/** The options that say what a token may do. */
export const RIGHTS_FLAGS = {
  scopes: { type: 'string', default: '' },
  prefix: { type: 'string' },
  'value-max': { type: 'string' },
  'items-max': { type: 'string' },
  depth: { type: 'string' },
  keys: { type: 'string', multiple: true },
} as const

type GivenRights = {
  readonly [Flag in keyof typeof RIGHTS_FLAGS]?: Flag extends 'keys' ? readonly string[] : string
}

/** The fields of rights whose options have other names. */
const OPTIONS: Readonly<Record<string, string>> = { valueMax: 'value-max', itemsMax: 'items-max' }

/**
 * Reads rights, and checks them as the Worker will.
 *
 * @throws UsageError
 */
export function parseRights({ scopes = '', prefix, depth, keys, ...numbers }: GivenRights): Rights {
  const parsed = rightsSchema.safeParse({
    scopes: parseScopes(scopes),
    prefix,
    valueMax: numberOf(numbers['value-max']),
    itemsMax: numberOf(numbers['items-max']),
    depth: numberOf(depth),
    keys,
  })
  if (parsed.success) return parsed.data
  const { path, message } = must(parsed.error.issues[0], 'a fault')
  const field = String(path[0])
  throw new UsageError(`--${OPTIONS[field] ?? field} ${message}.`)
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text)
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
