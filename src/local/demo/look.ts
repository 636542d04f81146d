import { addHours, formatHourStart, hourOf } from '../../model/hour.ts'
import type { Options } from './options.ts'
import { DEMO_PREFIX } from './traffic.ts'

/** Time for one look: a Postgres that sleeps wakes within it, and a Worker that hangs holds nobody up. */
export const LOOK_TIMEOUT_MS = 10_000

/** There was an answer, and it was no. The message says all that there is to say. */
export class LookRefused extends Error {}

/** How many increments of now Postgres has under demo/, beyond those that it had before; whoever counted them. */
export type Look = () => Promise<number>

/** @throws LookRefused, as the look that it makes; or what `fetch` throws when nobody answers. */
export async function looker({ url, token }: Options, timeoutMs = LOOK_TIMEOUT_MS): Promise<Look> {
  const from = formatHourStart(hourOf(Date.now()))
  const address = new URL('/counters', url)
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const count = async () => {
    const to = formatHourStart(addHours(hourOf(Date.now()), 1))
    const search = { prefix: DEMO_PREFIX, bucket: 'month', consistency: 'committed', from, to }
    address.search = String(new URLSearchParams(search))
    const response = await fetch(address, { headers, signal: AbortSignal.timeout(timeoutMs) })
    const text = await response.text()
    if (!response.ok) throw new LookRefused(refusalWords(response.status, detailOf(text)))
    const { total } = JSON.parse(text) as { total: { count: number } }
    return total.count
  }
  const before = await count()
  return async () => (await count()) - before
}

function detailOf(text: string): string {
  try {
    return (JSON.parse(text) as { detail?: string } | null)?.detail ?? ''
  } catch {
    // A gateway's own page: the status says what there is to say.
    return ''
  }
}

function refusalWords(status: number, detail: string): string {
  const said = `${status} ${detail}`.trim()
  if (status === 401) return `${said} The demo takes a token that may write and read: SUMDIAL_TOKEN.`
  if (status === 403) return `${said} This token may not read ${DEMO_PREFIX}.`
  return said
}
