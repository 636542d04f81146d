import { z } from 'zod'
import { KEY_BYTES_MAX, REQUEST_ITEMS_MAX } from '../../limits.ts'
import { check, covers, idFault, keySchema, prefixFault } from '../key.ts'
import { utf8Bytes } from '../text/utf8.ts'
import { otherKey } from './hit-keys.ts'

/** The scopes that a token may have. */
export const SCOPES = [
  /** Count, by positive values. */
  'write',
  /** Read counts. */
  'read',
  /** With `write`: count by negative values too. */
  'adjust',
  /** Decide on parked cells. */
  'admin',
  /** Count page views, and nothing else: it has no other scope beside it, and may stand in public. [S3] */
  'hit',
] as const

export type Scope = (typeof SCOPES)[number]

/** The rights of a token or a service binding, and the keys that they hold for. */
export type Grant = {
  /** The name of the token or binding. Idempotency-Keys belong to it. */
  readonly name: string
  readonly scopes: readonly Scope[]
  /** In whole segments; null for all keys. */
  readonly prefix: string | null
  /** Undefined where counting has no limits but those of everyone. */
  readonly limits?: CountLimits | undefined
}

/** How much a grant may count, so that a token can stand in a public page. Reading has the prefix alone. */
export type CountLimits = {
  /** The largest value of one increment, in either direction. */
  readonly valueMax?: number | undefined
  /** Increments in one request. */
  readonly itemsMax?: number | undefined
  /** Segments of a key below the prefix; without a prefix all of its segments. */
  readonly depth?: number | undefined
  /** The only keys. */
  readonly keys?: ReadonlySet<string> | undefined
}

/** Why a grant's name is refused; undefined for a good one. */
export const tokenNameFault = idFault

export const textSchema = z.string({ error: 'must be a string' })

export const nameSchema = textSchema.check(check(tokenNameFault))

const scopesSchema = z
  .array(z.enum(SCOPES, { error: `must be one of ${SCOPES.join(', ')}` }), {
    error: 'must be an array of scopes',
  })
  .min(1, { error: 'must have at least one scope' })

const prefixSchema = textSchema.check(check(prefixFault))

function numberUpTo(max: number) {
  const error = `must be a whole number from 1 to ${max}`
  return z.int({ error }).min(1, { error }).max(max, { error }).optional()
}

/** Segments of a key of 512 bytes. */
const DEPTH_MAX = 256

/** The fields that say what a grant may do, as configurations have them. `grantOf` reads them. */
export const rightsFields = {
  scopes: scopesSchema,
  prefix: prefixSchema.optional(),
  valueMax: numberUpTo(Number.MAX_SAFE_INTEGER),
  itemsMax: numberUpTo(REQUEST_ITEMS_MAX),
  depth: numberUpTo(DEPTH_MAX),
  keys: z
    .array(keySchema, { error: 'must be an array of keys' })
    .min(1, { error: 'must have at least one key' })
    .optional(),
}

/** The names of the fields, for messages about other fields. */
export const RIGHTS = 'prefix, valueMax, itemsMax, depth or keys'

/** Rights as a configuration has them. */
export type Rights = {
  readonly scopes: readonly Scope[]
  readonly prefix?: string | undefined
  readonly valueMax?: number | undefined
  readonly itemsMax?: number | undefined
  readonly depth?: number | undefined
  readonly keys?: readonly string[] | undefined
}

type RightsFault = { readonly path: readonly (string | number)[]; readonly message: string }

/** The faults of rights whose fields are good by themselves. No message repeats a value. */
function rightsFaults(rights: Rights): readonly RightsFault[] {
  const { scopes, prefix = null, depth, keys = [] } = rights
  const limits = LIMITS.filter((limit) => rights[limit] !== undefined)
  const faults: RightsFault[] = []
  if (scopes.includes('hit')) return hitFaults(rights)
  const [first] = limits
  if (first !== undefined && !scopes.includes('write')) {
    faults.push({ path: [first], message: 'limits counting, so it needs the scope write' })
  }
  if (depth !== undefined && keys.length > 0) {
    faults.push({ path: ['depth'], message: 'cannot be combined with keys, which say how deep they are' })
  }
  return [...faults, ...keyFaults(prefix, keys)]
}

function keyFaults(prefix: string | null, keys: readonly string[]): RightsFault[] {
  return keys.flatMap((key, i) => {
    return covers(prefix, key) ? [] : [{ path: ['keys', i], message: 'must be under the prefix' }]
  })
}

/** A hit always counts 1, and everyone can send it, so its token has nothing but a prefix. [S3] */
function hitFaults({ scopes, prefix, keys = [], depth, valueMax, itemsMax }: Rights): readonly RightsFault[] {
  const message = 'must have no other scope beside hit: make another token for the others'
  if (scopes.length > 1) return [{ path: ['scopes'], message }]
  if (prefix === undefined) return [{ path: ['prefix'], message: 'must be given with the scope hit' }]
  if (utf8Bytes(otherKey(prefix)) > KEY_BYTES_MAX) {
    return [
      {
        path: ['prefix'],
        message: 'must be shorter with the scope hit, which counts under prefix/(other) too',
      },
    ]
  }
  for (const [name, limit] of Object.entries({ depth, valueMax, itemsMax })) {
    if (limit !== undefined) return [{ path: [name], message: 'cannot be combined with the scope hit' }]
  }
  return keyFaults(prefix, keys)
}

const LIMITS = ['valueMax', 'itemsMax', 'depth', 'keys'] as const

/** A zod refinement of an object with rights. */
export function checkRights(ctx: z.core.ParsePayload<Rights>): void {
  for (const { path, message } of rightsFaults(ctx.value)) {
    ctx.issues.push({ code: 'custom', message, path: [...path], input: ctx.value })
  }
}

/** Rights by themselves. */
export const rightsSchema = z.strictObject(rightsFields).check(checkRights)

/** The grant that rights make for a name. */
export function grantOf(name: string, rights: Rights): Grant {
  const { scopes, prefix = null, keys, valueMax, itemsMax, depth } = rights
  const isLimited = LIMITS.some((limit) => rights[limit] !== undefined)
  const limits = { valueMax, itemsMax, depth, keys: keys === undefined ? undefined : new Set(keys) }
  return isLimited ? { name, scopes, prefix, limits } : { name, scopes, prefix }
}

/** The inverse of `grantOf`: the rights as a configuration has them, without fields that say nothing. */
export function rightsOf({ scopes, prefix, limits = {} }: Grant): Rights {
  const { keys, ...numbers } = limits
  return {
    scopes,
    ...(prefix === null ? {} : { prefix }),
    ...numbers,
    ...(keys === undefined ? {} : { keys: [...keys] }),
  }
}

/**
 * The `props` of a service binding. Like a token's, its name is a namespace of Idempotency-Keys. It is prefixed with a
 * line feed, which no token's name contains, so that the two never meet. [I3]
 */
export const bindingSchema = z
  .strictObject(
    { ...rightsFields, name: nameSchema.optional(), scopes: scopesSchema.default(['write', 'read']) },
    { error: `must be an object with name, scopes, ${RIGHTS}, all optional, and nothing else` },
  )
  .check(checkRights)
  .check(({ value, issues }) => {
    if (!value.scopes.includes('hit')) return
    const message = 'must not have hit, which is for the tokens of pages'
    issues.push({ code: 'custom', message, path: ['scopes'], input: value })
  })
  .transform(({ name = '', ...rights }): Grant => grantOf(`binding\n${name}`, rights))
