import { neonSession } from './neon.ts'
import type { Postgres, Session } from './session.ts'
import { TcpSession } from './tcp.ts'

/** Begins a session. Nothing is opened before its first statement. */
export function openSession(postgres: Postgres): Session {
  const { address, clock } = postgres
  return address.kind === 'neon' ? neonSession(address, clock) : new TcpSession(address.url, postgres)
}
