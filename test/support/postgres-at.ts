import type { DatabaseAddress } from '../../src/address.ts'
import type { Postgres } from '../../src/postgres/driver/session.ts'
import { nodeClock } from './node-clock.ts'

/** Postgres as the production code of a test reaches it. */
export function postgresAt(address: DatabaseAddress, clock = nodeClock): Postgres {
  return { address, clock, background: () => undefined }
}

/** Postgres for a client whose waits all end so soon, as long as it is in haste. */
export function hasty(postgres: Postgres, ms: number, isInHaste = () => true): Postgres {
  const after = (usual: number, ring: () => void) => postgres.clock.after(isInHaste() ? ms : usual, ring)
  return { ...postgres, clock: { ...postgres.clock, after } }
}

/** Any: an endpoint asks for no password. */
export const ANY_URL = 'postgresql://sumdial:unused@localhost/sumdial'

/** Postgres behind a Neon-compatible endpoint. */
export function neonAt(endpoint: string, clock = nodeClock): Postgres {
  return postgresAt({ kind: 'neon', url: ANY_URL, endpoint }, clock)
}
