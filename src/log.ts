import type { LogLine } from './model/log-line.ts'

type Level = 'debug' | 'info' | 'warn' | 'error'

/**
 * - `debug`: all is well, and nobody needs to look. `npm run dev` does not show it.
 * - `info`: done on purpose, or once in an hour or a shard's life.
 * - `warn`: it goes on, and nothing that was acknowledged is lost; look if it stays.
 * - `error`: look.
 */
const LEVELS: Readonly<Record<LogLine['message'], Level>> = {
  flushed: 'debug',
  'flush failed': 'warn',
  'seal failed': 'warn',
  rewound: 'error',
  halved: 'warn',
  parked: 'warn',
  retired: 'info',
  'alarm failed': 'error',
  'parked retried': 'info',
  'parked discarded': 'info',
  'not all counted': 'warn',
  unavailable: 'warn',
  'no rate limit': 'warn',
  swept: 'info',
  'not configured': 'error',
  unexpected: 'error',
}

/** The one place that prints: an object, for Workers Logs makes its fields searchable. */
export function log(line: LogLine): void {
  console[LEVELS[line.message]](line)
}
