import { headerTokens } from './authorization.ts'
import type { EdgeContext, Needs } from './context.ts'
import { sessionToken } from './session.ts'

/** The tokens of a request, in the order in which they are tried, and whether they stand in its address. */
export type Presented = { readonly tokens: readonly string[]; readonly isInAddress: boolean }

/** The parameter of an address that holds a token. Source: RFC 6750, 2.3. */
const PARAMETER = 'access_token'

/**
 * Finds the tokens of a request: in its Authorization header, else in its address, else in the cookie of a session. An
 * address is looked at where a request counts, and nowhere else.
 */
export function presentedTokens(c: EdgeContext, needs: Needs): Presented {
  const { headers, url } = c.req.raw
  const inHeader = headerTokens(headers)
  if (inHeader.length > 0) return { tokens: inHeader, isInAddress: false }
  const inAddress = needs === 'write' || needs === 'hit' ? addressToken(url) : undefined
  if (inAddress !== undefined) return { tokens: [inAddress], isInAddress: true }
  const session = sessionToken(c, needs)
  return { tokens: session === undefined ? [] : [session], isInAddress: false }
}

function addressToken(url: string): string | undefined {
  if (!url.includes(PARAMETER)) return undefined
  return new URL(url).searchParams.get(PARAMETER) || undefined
}
