/** Who sent a request, as a line says it before its time. A field that cannot be told is null. */
export type Requester = {
  /** The client: an IPv4 or IPv6 address, or its name. */
  readonly host: string | null
  readonly user: string | null
  /** The virtual host without its port; null where the log has none. */
  readonly vhost: string | null
}

const UNTOLD: Requester = { host: null, user: null, vhost: null }

const ISO = String.raw`\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)`

/** Put before each line by what passed the log on. */
const PREFIXES: readonly RegExp[] = [
  // syslog (RFC 5424): `<190>1 2026-11-30T00:51:25Z web1 nginx 12 - - `
  new RegExp(`^<\\d{1,3}>1 ${ISO} [^ ]+ [^ ]+ [^ ]+ [^ ]+ (?:-|\\[[^\\]]*\\]) `),
  // syslog (RFC 3164) and journalctl: `Nov 30 00:51:25 web1 nginx[12]: `
  new RegExp(`^(?:<\\d{1,3}>)?(?:[A-Z][a-z]{2} [ \\d]\\d \\d\\d:\\d\\d:\\d\\d|${ISO}) [^ ]+ [^ ]+: `),
  // kubectl logs --prefix, with and without --timestamps: `[pod/web-1/nginx] `
  new RegExp(`^\\[[^\\] ]+\\] (?:${ISO} )?`),
  // docker compose logs, with and without --timestamps: `web-1  | `
  new RegExp(`^[^ |]+ +\\| +(?:${ISO} )?`),
  // docker logs --timestamps, kubectl logs --timestamps, and the files of a container runtime: `2026-11-30T00:51:25Z
  // stdout F `
  new RegExp(`^${ISO} (?:std(?:out|err) [FP] )?`),
]

const ADDRESS = /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[?[0-9a-fA-F]*:[0-9a-fA-F:.]+\]?)$/

/**
 * Reads what a line has before its time: `host ident user` as a rule; with the virtual host in front (Apache's
 * `vhost_combined`); with the addresses of X-Forwarded-For in place of the host; behind the prefix of a syslog, of
 * docker or of kubectl.
 *
 * A user name is what a client sent, and can hold anything. So it is read from the left, and where there is more than
 * one way to read it nothing is said about host and user. The request is counted all the same.
 *
 * @returns null for fewer fields than `host ident user`.
 */
export function readRequester(text: string): Requester | null {
  const prefix = PREFIXES.map((pattern) => pattern.exec(text)?.[0]).find((found) => found !== undefined) ?? ''
  const fields = text.slice(prefix.length).split(' ')
  if (fields.length < 3 || (fields.length === 3 && fields[2] === '')) return null
  return plain(fields) ?? withVhost(fields) ?? withIdent(fields) ?? UNTOLD
}

/** `host - user`, or `client, proxy, proxy - user`. */
function plain(fields: readonly string[]): Requester | null {
  const clients = forwarded(fields)
  const [ident, ...user] = fields.slice(clients.length)
  const [first = ''] = clients
  if (ident !== '-' || user.length === 0 || first === '') return null
  // `vhost - client - user` is a format that some write by themselves.
  const [word = '', next] = user
  if (next === '-' && ADDRESS.test(word)) return UNTOLD
  return { host: first.replace(/,$/, ''), user: user.join(' '), vhost: null }
}

/** The addresses that begin the fields: one, or as many as commas connect. */
function forwarded(fields: readonly string[]): readonly string[] {
  const last = fields.findIndex((field) => !field.endsWith(','))
  return fields.slice(0, last + 1)
}

/** `vhost:port host - user`, or `vhost host - user`. */
function withVhost(fields: readonly string[]): Requester | null {
  const [vhost = '', ...others] = fields
  const [, name] = /^([^,]+?)(?::\d{1,5})?$/.exec(vhost) ?? []
  const requester = plain(others)
  if (name === undefined || requester === null || requester.host === null) return null
  const isVhost = name !== vhost || (ADDRESS.test(requester.host) && !ADDRESS.test(name))
  return isVhost ? { ...requester, vhost: name } : null
}

/** `host ident user`, from a server that asks the client's own identd. */
function withIdent(fields: readonly string[]): Requester | null {
  const [host = '', ident = '', user = ''] = fields
  if (fields.length !== 3 || ADDRESS.test(ident) || host.endsWith(',')) return null
  return { host, user, vhost: null }
}
