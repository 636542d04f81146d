import { useEffect, useRef } from 'preact/hooks'
import type { Hour as HourAnswer } from '../../client/answers.ts'
import type { StatusAnswer } from '../../edge/operate/status.ts'
import { addHours, formatHour, hourOf } from '../../model/hour.ts'
import { attentionOf, knownOf, parkedIn } from '../data/answers.ts'
import { ask } from '../data/api.ts'
import { useOver, usePage } from '../data/context.ts'
import { useAnswer, useMovedAt, usePaced } from '../data/hooks.ts'
import { duration, grouped } from '../data/numbers.ts'
import { Figure } from '../parts/figure.tsx'
import { Audit } from '../parts/health/audit.tsx'
import { Hours } from '../parts/health/hours.tsx'
import { Overflowed } from '../parts/health/overflowed.tsx'
import { Parked } from '../parts/health/parked.tsx'
import { ShardsTable } from '../parts/health/shards-table.tsx'
import { Stat } from '../parts/stat.tsx'
import { Failed, Loading } from '../parts/states.tsx'

/** The hours are asked for once in so many turns of the status: they change seldom, and each is a request. */
const HOURS_EVERY = 5

/** Hours in the table: the latest, and those that close about now. */
const LAST_HOURS = 3
const CLOSED_HOURS = 3

/** Hours that close later than this are left out: LATE_HOURS is that long only to import old logs. */
const LATE_HOURS_SHOWN_MAX = 24 * 60

/** The Health view: lag, backlog, parked cells, the audit, and which hours are final. */
export function ShardsView() {
  const { session, seeAttention } = usePage()
  const isWhole = session.prefix === null
  const hours = useAnswer('hours', (signal) => readHours(signal))
  const status = useAnswer('status', async (signal) =>
    isWhole ? ask<StatusAnswer>('/status', { signal }) : null,
  )
  const turns = useRef(0)
  const known = status.value ? knownOf(status.value) : []
  const movedAtMs = useMovedAt(
    'accepted',
    known.reduce((sum, { accepted }) => sum + accepted, 0),
  )
  // Only shards are asked. Asking again drops the request under way, so a slow answer would never arrive.
  usePaced(async () => {
    turns.current += 1
    if (!status.isLoading) status.again()
    if (!hours.isLoading && turns.current % HOURS_EVERY === 0) hours.again()
  }, movedAtMs)
  useOver(status.failure ?? hours.failure)
  useEffect(() => {
    if (status.value) seeAttention(attentionOf(status.value))
  }, [status.value, seeAttention])
  const failure = status.failure ?? hours.failure
  return (
    <>
      <div class="head">
        <h1>Health</h1>
      </div>
      {failure !== undefined ? <Failed failure={failure} again={status.again} /> : null}
      {status.value === undefined && failure === undefined ? <Loading isSlow={status.isSlow} /> : null}
      {status.value === undefined || status.value === null ? null : (
        <>
          <Verdict status={status.value} />
          <Notices notices={status.value.notices} />
          <Parked status={status.value} again={status.again} />
          <Overflowed status={status.value} />
          <ShardsTable status={status.value} />
          <Audit />
        </>
      )}
      {hours.value === undefined ? null : <Hours hours={hours.value} />}
      {isWhole ? null : (
        <p class="hint">Sign in with a token without a prefix to see the shards and all keys.</p>
      )}
    </>
  )
}

async function readHours(signal: AbortSignal): Promise<HourAnswer[]> {
  const now = hourOf(Date.now())
  const read = (back: number) => ask<HourAnswer>(`/hours/${formatHour(addHours(now, -back))}`, { signal })
  const last = await Promise.all(Array.from({ length: LAST_HOURS }, (_, back) => read(back)))
  const late = hourOf(Date.parse(last[0]?.closesAt ?? '')) - now - 1
  if (!(late >= LAST_HOURS && late <= LATE_HOURS_SHOWN_MAX)) return last
  return [...last, ...(await Promise.all(Array.from({ length: CLOSED_HOURS }, (_, i) => read(late + i))))]
}

const NOTICE_WORDS = {
  database: 'this Worker has no DATABASE_URL',
  schema: 'the schema of Postgres needs somebody',
  schedule: 'a deploy has changed hours that had begun',
} as const

/** The notices of the hourly cron, in its own words: they say what to do. */
function Notices({ notices }: { readonly notices: StatusAnswer['notices'] }) {
  if (notices.length === 0) return null
  return (
    <section class="card" aria-labelledby="notices">
      <h2 id="notices">For you to do</h2>
      {notices.map(({ text }) => (
        <p key={text}>
          <bdi>{text}</bdi>
        </p>
      ))}
    </section>
  )
}

function Verdict({ status }: { readonly status: StatusAnswer }) {
  const known = knownOf(status)
  const parked = parkedIn(status)
  const faults = known.filter(({ fault }) => fault !== null).length
  const silent = status.shards.length - known.length
  const troubles = [
    ...(status.isConserved ? [] : ['the sums of a shard do not add up, which is a bug']),
    ...(faults > 0 ? [`flushes fail in ${faults} of ${known.length} shards`] : []),
    ...(parked > 0
      ? [parked === 1 ? '1 increment is parked' : `${grouped(parked)} increments are parked`]
      : []),
    ...status.notices.map(({ kind }) => NOTICE_WORDS[kind]),
    ...(silent > 0 ? [silent === 1 ? '1 shard does not answer' : `${silent} shards do not answer`] : []),
  ]
  const isWell = troubles.length === 0
  return (
    <section class="card" aria-label="Now">
      <p class={`verdict ${isWell ? 'is-well' : 'is-ill'}`}>
        <span class="sign" aria-hidden="true">
          {isWell ? '✓' : '!'}
        </span>
        {isWell ? 'All is well' : `Look at this: ${troubles.join('; ')}`}
      </p>
      <dl class="stats">
        <Stat words="Lag" note="the oldest on its way">
          <span class="figure">{duration(status.lagMs)}</span>
        </Stat>
        <Stat words="Backlog" note="increments on their way">
          <Figure n={status.pending} />
        </Stat>
        <Stat words="Parked" note="refused by Postgres">
          <Figure n={parked} />
        </Stat>
        <Stat words="Conservation" note="accepted = settled + held">
          <span class="figure">{status.isConserved ? 'holds' : 'broken'}</span>
        </Stat>
      </dl>
    </section>
  )
}
