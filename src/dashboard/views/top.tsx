import { useCallback, useEffect, useMemo, useState } from 'preact/hooks'
import { useOver, usePage } from '../data/context.ts'
import type { Rows } from '../data/csv.ts'
import { download } from '../data/download.ts'
import { useAnswer } from '../data/hooks.ts'
import { useLive } from '../data/live.ts'
import { rate } from '../data/numbers.ts'
import { isLong, unitOf } from '../data/period.ts'
import { rateOf, remember, type Sample, sampleOf } from '../data/rate.ts'
import { readLargest, readShown } from '../data/read.ts'
import { measureOf, type Series, totalOf } from '../data/series.ts'
import { chartOf, type Shown, type View } from '../data/view.ts'
import { inPeriod, MeasureChoice, PeriodChoice, periodWords, ZoneChoice } from '../parts/controls.tsx'
import { Figure } from '../parts/figure.tsx'
import { Link } from '../parts/link.tsx'
import { LiveNote } from '../parts/live-note.tsx'
import { wordsOf } from '../parts/measure.tsx'
import { Plot } from '../parts/plot.tsx'
import { Ranking } from '../parts/ranking.tsx'
import { Search } from '../parts/search.tsx'
import { Stat } from '../parts/stat.tsx'
import { Empty, Failed, Loading } from '../parts/states.tsx'

type Top = Extract<View, { name: 'top' }>

const [FEW, MORE] = [10, 20]

/** The first view: the busiest keys of a period, and the rate right now. */
export function TopView({ view }: { readonly view: Top }) {
  const { session } = usePage()
  const { prefix, period } = view
  const { live, again, failure, isSlow, isRanked, isOfBefore } = useTop(view)
  useOver(failure)
  const [all, ...keys] = live.series
  const title = prefix === '' ? (session.prefix ?? 'All keys') : `${prefix}…`
  return (
    <>
      <div class="head">
        <h1>{title}</h1>
        <LiveNote
          isLive={period.kind === 'last'}
          isConnected={live.isConnected && failure === undefined}
          lastFlushAt={all?.lastFlushAt ?? null}
        />
      </div>
      <div class="controls">
        <Search view={view} />
        <PeriodChoice />
        <MeasureChoice />
        <ZoneChoice />
      </div>
      {failure !== undefined ? (
        <Failed failure={failure} again={again} isBanner={all !== undefined} isLong={isLong(period)} />
      ) : null}
      {all === undefined ? (
        failure === undefined && <Loading isSlow={isSlow} rows={8} />
      ) : (
        <div class="results" aria-busy={isOfBefore || all.shown.name !== prefix}>
          <Whole all={all} title={title} view={view} />
          {!isRanked ? (
            failure === undefined && <Loading isSlow={isSlow} rows={6} />
          ) : keys.length === 0 ? (
            <Nothing view={view} />
          ) : (
            <Ranked keys={keys} all={all} view={view} />
          )}
        </div>
      )}
    </>
  )
}

/** Reads the whole prefix first, because that is a single question; then the largest keys and a series for each. */
function useTop({ prefix, period, by, isMore }: Top) {
  const { zone } = usePage()
  const unit = unitOf(period, null)
  const name = JSON.stringify([prefix, period, zone.name])
  const whole = useAnswer(name, (signal) => {
    return readShown({ shown: [{ kind: 'prefix', name: prefix }], period, unit, zone }, signal)
  })
  const ranking = useAnswer(JSON.stringify([name, by, isMore]), async (signal) => {
    const list = await readLargest({ prefix, period, zone, by, limit: isMore ? MORE : FEW }, signal)
    const shown = list.items.map(({ key }): Shown => ({ kind: 'key', name: key }))
    return { name, keys: await readShown({ shown, period, unit, zone }, signal) }
  })
  const series = useMemo(
    () => whole.value && [...whole.value, ...(ranking.value?.keys ?? [])],
    [whole.value, ranking.value],
  )
  const again = useCallback(() => {
    whole.again()
    ranking.again()
  }, [whole.again, ranking.again])
  const failure = whole.failure ?? ranking.failure
  const isLoading = whole.isLoading || ranking.isLoading
  return {
    live: useLive(series, period.kind === 'last', { isLoading, failure, again }),
    again,
    failure,
    isSlow: whole.isSlow || ranking.isSlow,
    isRanked: ranking.value !== undefined,
    isOfBefore: ranking.value !== undefined && ranking.value.name !== name,
  }
}

type WholeProps = { readonly all: Series; readonly title: string; readonly view: Top }

function Whole({ all, title, view: { by, period } }: WholeProps) {
  const perSecond = useRate(all)
  return (
    <section class="card" aria-label="All of it">
      <dl class="stats">
        <Stat words={wordsOf(by)} note={periodWords(period)}>
          <Figure n={measureOf(totalOf(all), by)} place="headline" />
        </Stat>
        {period.kind === 'last' ? (
          <Stat words="Right now" note="increments a second">
            <span class="figure">{perSecond === undefined ? '…' : rate(perSecond)}</span>
          </Stat>
        ) : null}
      </dl>
      <Plot
        series={[all]}
        unit={unitOf(period, null)}
        height={160}
        label={`${title}, ${periodWords(period)}`}
      />
    </section>
  )
}

type RankedProps = { readonly keys: readonly Series[]; readonly all: Series; readonly view: Top }

function Ranked({ keys, all, view }: RankedProps) {
  const { prefix, isMore } = view
  return (
    <>
      <Ranking keys={keys} whole={all} view={view} />
      <p class="more">
        {keys.length === FEW && !isMore ? <Link to={{ ...view, isMore: true }}>Show {MORE}</Link> : null}
        <Link to={chartOf(view, { kind: 'prefix', name: prefix })}>
          Chart of {prefix === '' ? 'all keys' : `${prefix}…`}
        </Link>
        <button type="button" class="quiet" onClick={() => download('sumdial-busiest.csv', rowsOf(keys))}>
          Download CSV
        </button>
      </p>
    </>
  )
}

function rowsOf(keys: readonly Series[]): Rows {
  const rows = keys.map((own) => [own.shown.name, totalOf(own).sum, totalOf(own).count] as const)
  return [['key', 'sum', 'count'], ...rows]
}

function useRate(all: Series): number | undefined {
  const [samples, setSamples] = useState<readonly Sample[]>([])
  const { name } = all.shown
  useEffect(() => setSamples([]), [name])
  useEffect(() => {
    setSamples((before) => remember(before, sampleOf(all, performance.now())))
  }, [all])
  return rateOf(samples)
}

function Nothing({ view }: { readonly view: Top }) {
  const { session } = usePage()
  if (view.prefix !== '') {
    return (
      <Empty title="No key begins with that">
        <p>
          Nothing under <code>{view.prefix}</code> was counted {inPeriod(view.period)}.
        </p>
      </Empty>
    )
  }
  const token = session.isOpen ? '' : ' -H "authorization: Bearer $TOKEN"'
  return (
    <Empty title="Nothing was counted in this period">
      <p>Count something, and it shows here within seconds:</p>
      <pre>
        {`curl ${location.origin}/increment${token} -H 'content-type: application/json' -d '{"key":"${session.prefix ?? 'site/example.com'}/pricing"}'`}
      </pre>
      {session.isOpen ? (
        <p>
          Or make realistic traffic: <code>npm run demo</code>
        </p>
      ) : null}
    </Empty>
  )
}
