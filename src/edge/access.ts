import type { MiddlewareHandler } from 'hono'
import type { Config } from '../config.ts'
import type { Grant } from '../model/token.ts'
import { problemResponse } from './problem-response.ts'
import type { EdgeEnv } from './services.ts'

/** Everyone, where `npm run dev` opens a Worker. */
const DEV_GRANT: Grant = { name: '', scopes: ['write', 'read', 'admin'], prefix: null }

const CLOSED =
  'This Worker has no access control configured, so it refuses everything. `npm run dev` opens it on your machine.'

/** Finds out what a request may do, or refuses it. [S1] */
export function access({ isOpen }: Pick<Config, 'isOpen'>): MiddlewareHandler<EdgeEnv> {
  return async (c, next) => {
    if (!isOpen) return problemResponse({ kind: 'closed_to_all', detail: CLOSED })
    c.set('grant', DEV_GRANT)
    return next()
  }
}
