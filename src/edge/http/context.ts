import type { Context } from 'hono'
import type { Grant, Scope } from '../../model/access/grant.ts'

/** A route's requirement: a scope, a token with any scope, or only that the Worker has tokens at all. */
export type Needs = Scope | 'token' | 'nothing'

/** Hono's variables of a request: the grant of its token. */
export type EdgeEnv = { readonly Variables: { grant: Grant } }

export type EdgeContext = Context<EdgeEnv>
