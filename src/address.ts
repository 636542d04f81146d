/** Where Postgres is, and how to talk to it. */
export type DatabaseAddress =
  /** Through Neon's driver, which sends each statement as an HTTP request: to `endpoint`, or else to Neon. */
  | { readonly kind: 'neon'; readonly url: string; readonly endpoint: string | undefined }
  /** Through `pg`, over a TCP connection: to Postgres, to a pooler, or to Hyperdrive. */
  | { readonly kind: 'tcp'; readonly url: string }

/** Settings that say where Postgres is, each of them checked on its own. */
export type DatabaseSettings = {
  /** The connection string of the binding HYPERDRIVE. */
  readonly hyperdriveUrl: string | undefined
  readonly databaseUrl: string | undefined
  readonly neonEndpoint: string | undefined
  readonly driver: 'neon' | 'pg' | undefined
}

/**
 * Chooses the driver by the address: Hyperdrive, where there is one; Neon's driver for a host of Neon's or an endpoint
 * like Neon's; `pg` for any other Postgres. A `driver` that is set overrules this.
 *
 * @returns undefined when the address that the driver needs is missing.
 */
export function chooseAddress(settings: DatabaseSettings): DatabaseAddress | undefined {
  const { hyperdriveUrl, databaseUrl, neonEndpoint, driver = driverFor(settings) } = settings
  if (driver === 'pg') {
    const url = hyperdriveUrl ?? databaseUrl
    return url === undefined ? undefined : { kind: 'tcp', url }
  }
  return databaseUrl === undefined ? undefined : { kind: 'neon', url: databaseUrl, endpoint: neonEndpoint }
}

function driverFor({ hyperdriveUrl, databaseUrl = '', neonEndpoint }: DatabaseSettings): 'neon' | 'pg' {
  if (hyperdriveUrl !== undefined) return 'pg'
  return neonEndpoint !== undefined || isNeon(databaseUrl) ? 'neon' : 'pg'
}

/** Neon's hosts end in `neon.tech`, those of Neon's own tests in `neon.build`. */
export function isNeon(url: string): boolean {
  return /\.neon\.(tech|build)$/.test(URL.parse(url)?.hostname ?? '')
}
