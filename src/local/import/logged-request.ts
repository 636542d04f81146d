/** One request as the server logged it. A field that the server left out is `-`, as in the log. */
export type LoggedRequest = {
  /** The client: an IPv4 or IPv6 address, or its name. Null where the line can be read in more than one way. */
  readonly host: string | null
  readonly user: string | null
  /** The virtual host, without its port; null where the log has none. */
  readonly vhost: string | null
  /** Unix time in milliseconds. */
  readonly atMs: number
  /** Null when the client did not send HTTP, but nothing at all, a TLS hello or a port scan. */
  readonly request: RequestLine | null
  readonly status: string | null
  /** Null where the line has no such field: the common format, or a line cut short. */
  readonly referer: string | null
  readonly agent: string | null
}

export type RequestLine = {
  readonly method: string
  /** As the client sent it, query string included. Percent-encoding is left alone. */
  readonly target: string
  /** `HTTP/1.1`; `HTTP/0.9` for a request line without one. */
  readonly protocol: string
}

const MODERN = /^([\w!#$%&'*+.^`|~-]+) (.+) (HTTP\/\d+(?:\.\d+)?)$/s

// HTTP/0.9, and Apache's line for a request that was too long (414). It must have a path, because port scanners send
// `t3 12.1.2` and the like.
const WITHOUT_PROTOCOL = /^([\w!#$%&'*+.^`|~-]+) +(\/.*)$/s

/** Another protocol, such as `RTSP/1.0`. Cameras are looked for with it. */
const OTHER_PROTOCOL = / [A-Z]{2,10}\/\d+(?:\.\d+)?$/

/**
 * Reads the first line that a client sent. Servers take several spaces for one (RFC 9112, 3), and so does this.
 *
 * @param textOf the text of a field, fit for a key.
 * @returns null for what is no HTTP.
 */
export function parseRequestLine(field: string, textOf: (field: string) => string): RequestLine | null {
  const match = MODERN.exec(field) ?? WITHOUT_PROTOCOL.exec(field)
  if (match === null) return null
  const [, method = '', target = '', protocol] = match
  const bare = withoutSpaces(target)
  if (bare === '' || (protocol === undefined && OTHER_PROTOCOL.test(bare))) return null
  return { method, target: textOf(bare), protocol: protocol ?? 'HTTP/0.9' }
}

/** Without the spaces around it. Not `trim`, which takes a byte of a UTF-8 sequence (0xA0) for a space. */
function withoutSpaces(text: string): string {
  let [from, to] = [0, text.length]
  while (from < to && text[from] === ' ') from += 1
  while (to > from && text[to - 1] === ' ') to -= 1
  return text.slice(from, to)
}
