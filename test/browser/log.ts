import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { AtEnd } from '../support/at-end.ts'
import { seeded } from '../support/chance.ts'
import { hasRealLog, type LogRequest, logRequests, REAL_LOG, realLogRequests } from '../support/real-log.ts'

/** A log to import, and what is in it. */
export type Log = { readonly path: string; readonly requests: readonly LogRequest[] }

/** The days that the log is of. */
export const DAYS = { from: '2015-05-17', to: '2015-05-20' }

/** The real log, where there is one next to the project; otherwise a made one of its kind. */
export function findLog(atEnd: AtEnd): Log {
  return hasRealLog ? { path: fileURLToPath(REAL_LOG), requests: realLogRequests() } : writeLog(atEnd)
}

const PATHS = [
  '/favicon.ico',
  '/style2.css',
  '/reset.css',
  '/images/jordan-80.png',
  '/images/web/2009/banner.png',
  '/blog/tags/puppet',
  '/blog/tags/firefox',
  '/blog/geekery/ssl-latency.html',
  '/projects/xdotool/',
  '/presentations/logstash-1/',
  '/robots.txt',
  '/',
]

function writeLog(atEnd: AtEnd): Log {
  const chance = seeded(1)
  const lines = Array.from({ length: 2_000 }, () => {
    const at = new Date(Date.UTC(2015, 4, 17, 10) + Math.floor(chance() * 83 * 3_600_000))
    const [, day, month, year, time] = /, (\d\d) (\w+) (\d+) ([\d:]+)/.exec(at.toUTCString()) ?? []
    const path = PATHS[Math.floor(PATHS.length * chance() ** 2)] ?? '/'
    return `192.0.2.7 - - [${day}/${month}/${year}:${time} +0000] "GET ${path} HTTP/1.1" 200 512 "-" "-"`
  })
  const folder = mkdtempSync(join(tmpdir(), 'sumdial-log-'))
  atEnd(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'access.log')
  writeFileSync(path, lines.map((line) => `${line}\n`).join(''))
  return { path, requests: logRequests(lines) }
}
