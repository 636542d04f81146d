import { keyFault } from '../../../model/key.ts'
import { fail } from '../../../model/result.ts'
import type { Api, Caller } from '../../api.ts'
import { TOO_MANY_REQUESTS } from '../../http/admission.ts'
import type { EdgeContext } from '../../http/context.ts'
import { invalid, keyOfPath, refuseQuery, TOKEN_PARAMETER } from '../../http/parameters.ts'
import type { IsWithinLimit } from '../../http/rate-limit.ts'
import type { Answer } from '../../http/router.ts'
import { HIT_SCRIPT } from './script.ts'

export type HitServices = { readonly api: Pick<Api, 'hit'>; readonly isHitWithinLimit: IsWithinLimit }

/**
 * `GET|POST /hit/{key}`: a page was viewed. Its key gets 1 more, in the hour in which it arrives; nothing else about it is
 * the sender's to say. [S3]
 *
 * @param path where hits are, such as `/hit`.
 */
export async function hit(
  c: EdgeContext,
  path: string,
  { api, isHitWithinLimit }: HitServices,
  caller: Caller,
): Promise<Answer> {
  const { url, headers, method } = c.req.raw
  const refused = refuseQuery(url, TOKEN_PARAMETER)
  if (refused !== undefined) return fail(refused)
  const key = keyOfPath(url, `${path}/`)
  if (!key.ok) return key
  const fault = keyFault(key.value)
  if (fault !== undefined) return invalid('key', fault)
  if (method !== 'HEAD' && !isAhead(headers)) {
    const address = headers.get('cf-connecting-ip')
    // Without Cloudflare in front nobody's address is known.
    if (address !== null && !(await isHitWithinLimit(address))) return fail(TOO_MANY_REQUESTS)
    const counted = await api.hit(key.value, caller)
    if (!counted.ok) return counted
  }
  if (method === 'POST') return new Response(null, { status: 204, headers: SHARED })
  return new Response(GIF, { headers: { ...SHARED, 'content-type': 'image/gif' } })
}

/** Whether a browser fetches what nobody looks at yet. Sources: the specification of speculative loading; Safari's and Firefox's older headers. */
function isAhead(headers: Headers): boolean {
  return AHEAD.some((name) => /prefetch|prerender|preview/i.test(headers.get(name) ?? ''))
}

const AHEAD = ['sec-purpose', 'purpose', 'x-purpose', 'x-moz']

/** Any page may show it, and nobody may keep it. */
const SHARED = {
  'access-control-allow-origin': '*',
  'cross-origin-resource-policy': 'cross-origin',
  'cache-control': 'no-store',
}

/** A picture of one transparent pixel, in 43 bytes. */
const GIF = Uint8Array.from(
  atob('R0lGODlhAQABAIAAAAAAAAAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw=='),
  (character) => character.charCodeAt(0),
)

/** An hour: a new version is in every page soon, and a visit asks once. */
const SCRIPT_HEADERS = {
  ...SHARED,
  'content-type': 'text/javascript; charset=utf-8',
  'cache-control': 'public, max-age=3600',
}

/** `GET /hit.js`: the script that a page loads to have its views counted. */
export function hitScript(): Response {
  return new Response(HIT_SCRIPT, { headers: SCRIPT_HEADERS })
}
