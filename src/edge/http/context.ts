import type { Context } from 'hono'
import type { Grant, Scope } from '../../model/token.ts'

/** What a request needs: a scope, a token of any scope, or nothing but a Worker that has tokens at all. */
export type Needs = Scope | 'token' | 'nothing'

/** What a request has beside itself: what it may do. */
export type EdgeEnv = { readonly Variables: { grant: Grant } }

export type EdgeContext = Context<EdgeEnv>
