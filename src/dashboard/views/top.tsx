import { useCallback, useEffect, useMemo, useState } from 'preact/hooks'
import { useOver, usePage } from '../data/context.ts'
import { useAnswer } from '../data/hooks.ts'
import { useLive } from '../data/live/live.ts'
import { type CountSample, rateOf, rememberSample, sampleOf } from '../data/live/rate.ts'
import { rate } from '../data/numbers.ts'
import { isCurrent, unitOf } from '../data/period.ts'
import { readEvery, readPageOfLargest, readShown } from '../data/read.ts'
import { measureOf, type Series, totalOf } from '../data/series.ts'
import { chartOf, type Shown, topOf, type View } from '../data/view.ts'
import { visible } from '../data/visible.ts'
import { Change } from '../parts/change.tsx'
import { Notes } from '../parts/chart/notes.tsx'
import { Plot } from '../parts/chart/plot.tsx'
import { CompareChoice, MeasureChoice, PeriodChoice, ZoneChoice } from '../parts/controls.tsx'
import { CsvOfAll } from '../parts/csv/csv-of-all.tsx'
import { Figure } from '../parts/figure.tsx'
import { KeyName } from '../parts/key-name.tsx'
import { Link, PageLinks } from '../parts/link.tsx'
import { LiveNote } from '../parts/live-note.tsx'
import { wordsOf } from '../parts/measure.tsx'
import { Nothing } from '../parts/nothing.tsx'
import { periodWords } from '../parts/period-words.ts'
import { Ranking } from '../parts/ranking.tsx'
import { Search } from '../parts/search.tsx'
import { ShownName, shownNameOf } from '../parts/shown-name.tsx'
import { Stat } from '../parts/stat.tsx'
import { Failed, Loading } from '../parts/states.tsx'

type Top = Extract<View, { name: 'top' }>

/** The first view: the busiest keys of a period, and the rate right now. */
export function TopView({ view }: { readonly view: Top }) {
  const { session, zone } = usePage()
  const { prefix, period } = view
  const isLive = isCurrent(period, zone, Date.now())
  const { live, again, failure, isSlow, page, hasMore, isOfBefore } = useTop(view)
  useOver(failure)
  const [all, ...keys] = live.series
  const whole: Shown = { kind: 'prefix', name: prefix }
  const title = prefix === '' ? visible(session.prefix ?? 'All keys') : shownNameOf(whole)
  return (
    <>
      <div class="head">
        <h1>
          <bdi>{title}</bdi>
        </h1>
        <LiveNote
          isLive={isLive}
          isConnected={live.isConnected}
          isResting={live.isResting}
          failure={failure}
          lastFlushAt={all?.lastFlushAt ?? null}
        />
      </div>
      <div class="controls">
        <Search view={view} />
        <PeriodChoice />
        <CompareChoice />
        <MeasureChoice />
        <ZoneChoice />
      </div>
      {failure !== undefined ? <Failed failure={failure} again={again} isBanner={all !== undefined} /> : null}
      {all === undefined ? (
        failure === undefined && <Loading isSlow={isSlow} rows={8} />
      ) : (
        <div class="results" aria-busy={isOfBefore || all.shown.name !== prefix}>
          <Whole all={all} title={title} view={view} isLive={isLive} />
          {page === undefined ? (
            failure === undefined && <Loading isSlow={isSlow} rows={6} />
          ) : keys.length === 0 ? (
            <Nothing view={view} />
          ) : (
            <Ranked keys={keys} all={all} view={view} page={page} hasMore={hasMore} />
          )}
        </div>
      )}
    </>
  )
}

/** Reads the whole prefix first, because that is a single question; then the largest keys and a series for each. */
function useTop({ prefix, contains, period, by, isCompared, page }: Top) {
  const { zone } = usePage()
  const unit = unitOf(period, null)
  const name = JSON.stringify([prefix, period, zone.name, isCompared])
  const whole = useAnswer(name, (signal) => {
    const shown: Shown[] = [{ kind: 'prefix', name: prefix }]
    return readShown({ shown, period, unit, zone, isCompared }, signal)
  })
  const listed = JSON.stringify([name, contains])
  const ranking = useAnswer(JSON.stringify([listed, by, page]), async (signal) => {
    const { items, hasMore } = await readPageOfLargest(
      { name: 'top', page, prefix, contains: contains || undefined, period, zone, by },
      signal,
    )
    const shown = items.map(({ key }): Shown => ({ kind: 'key', name: key }))
    const keys = await readShown({ shown, period, unit, zone, isCompared }, signal)
    return { listed, keys, page, hasMore }
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
    live: useLive(series, isCurrent(period, zone, Date.now()), { isLoading, failure, again }),
    again,
    failure,
    isSlow: whole.isSlow || ranking.isSlow,
    /** The page that is shown; undefined before there is one. */
    page: ranking.value?.page,
    hasMore: ranking.value?.hasMore === true,
    isOfBefore: ranking.value !== undefined && ranking.value.listed !== listed,
  }
}

type WholeProps = {
  readonly all: Series
  readonly title: string
  readonly view: Top
  readonly isLive: boolean
}

function Whole({ all, title, view: { by, period }, isLive }: WholeProps) {
  const perSecond = useRate(all)
  return (
    <section class="card" aria-label="All of it">
      <dl class="stats">
        <Stat words={wordsOf(by)} note={periodWords(period)}>
          <Figure n={measureOf(totalOf(all), by)} place="headline" />
          <Change now={totalOf(all)} before={all.before?.total} />
        </Stat>
        {isLive ? (
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
      <Notes series={[all]} unit={unitOf(period, null)} />
    </section>
  )
}

type RankedProps = {
  readonly keys: readonly Series[]
  readonly all: Series
  readonly view: Top
  readonly page: number
  /** Whether there are keys behind this page. */
  readonly hasMore: boolean
}

function Ranked({ keys, all, view, page, hasMore }: RankedProps) {
  const { zone } = usePage()
  const { prefix, contains, period, by } = view
  const read = async (signal: AbortSignal) => {
    const { items, isWhole } = await readEvery(
      { prefix, contains: contains || undefined, period, zone, by },
      signal,
    )
    return { rows: items.map(({ key, sum, count }) => [key, sum, count]), isWhole }
  }
  return (
    <>
      <Ranking keys={keys} whole={all} view={view} />
      <PageLinks view={view} page={page} hasMore={hasMore} />
      <p class="more">
        {contains === '' ? null : (
          <Link to={topOf(view, contains)}>
            Only keys that begin with <KeyName name={contains} />
          </Link>
        )}
        <Link to={chartOf(view, { kind: 'prefix', name: prefix })}>
          Chart of <ShownName shown={{ kind: 'prefix', name: prefix }} />
        </Link>
        <CsvOfAll file="sumdial-busiest.csv" head={['key', 'sum', 'count']} read={read} />
      </p>
    </>
  )
}

function useRate(all: Series): number | undefined {
  const [samples, setSamples] = useState<readonly CountSample[]>([])
  const { name } = all.shown
  useEffect(() => setSamples([]), [name])
  useEffect(() => {
    setSamples((before) => rememberSample(before, sampleOf(all, performance.now())))
  }, [all])
  return rateOf(samples)
}
