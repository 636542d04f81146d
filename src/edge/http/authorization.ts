/** The token of `Authorization: Bearer <token>`; undefined without one or with another scheme. Source: RFC 6750, 2.1. */
export function bearerToken(headers: Headers): string | undefined {
  return bearerOf(headers.get('authorization') ?? '')
}

/**
 * The tokens of the Authorization header, in the order in which they are tried. A client that knows user and password
 * alone sends its token as either, and often has to put something into the other one too. Source of the form: RFC 7617, 2.
 */
export function headerTokens(headers: Headers): readonly string[] {
  const authorization = headers.get('authorization')
  if (authorization === null) return []
  const bearer = bearerOf(authorization)
  if (bearer !== undefined) return [bearer]
  const pair = decodeBase64(/^basic +([\w+/]+=*) *$/i.exec(authorization)?.[1] ?? '')
  const end = pair.indexOf(':')
  if (end === -1) return []
  return [pair.slice(end + 1), pair.slice(0, end)].filter((token) => token !== '')
}

function bearerOf(authorization: string): string | undefined {
  return /^bearer +(.+)$/i.exec(authorization)?.[1]
}

/** @returns nothing for what is no base64. */
function decodeBase64(text: string): string {
  try {
    return atob(text)
  } catch {
    return ''
  }
}
