import { useCallback, useEffect, useMemo, useState } from 'preact/hooks'
import { useOver, usePage } from '../data/context.ts'
import { useAnswer } from '../data/hooks.ts'
import { useLive } from '../data/live/live.ts'
import { rateOf, remember, type Sample, sampleOf } from '../data/live/rate.ts'
import { rate } from '../data/numbers.ts'
import { isCurrent, unitOf } from '../data/period.ts'
import { readEvery, readLargest, readShown } from '../data/read.ts'
import { measureOf, type Series, totalOf } from '../data/series.ts'
import { chartOf, type Shown, topOf, treeOf, type View } from '../data/view.ts'
import { visible } from '../data/visible.ts'
import { Change } from '../parts/change.tsx'
import { Notes } from '../parts/chart/notes.tsx'
import { Plot } from '../parts/chart/plot.tsx'
import { CompareChoice, MeasureChoice, PeriodChoice, ZoneChoice } from '../parts/controls.tsx'
import { CsvOfAll } from '../parts/csv/csv-of-all.tsx'
import { Figure } from '../parts/figure.tsx'
import { KeyName } from '../parts/key-name.tsx'
import { Link } from '../parts/link.tsx'
import { LiveNote } from '../parts/live-note.tsx'
import { wordsOf } from '../parts/measure.tsx'
import { Nothing } from '../parts/nothing.tsx'
import { periodWords } from '../parts/period-words.ts'
import { Ranking } from '../parts/ranking.tsx'
import { Search } from '../parts/search.tsx'
import { nameOf, ShownName } from '../parts/shown-name.tsx'
import { Stat } from '../parts/stat.tsx'
import { Failed, Loading } from '../parts/states.tsx'

type Top = Extract<View, { name: 'top' }>

const [FEW, MORE] = [10, 20]

/** The first view: the busiest keys of a period, and the rate right now. */
export function TopView({ view }: { readonly view: Top }) {
  const { session, zone } = usePage()
  const { prefix, period } = view
  const isLive = isCurrent(period, zone, Date.now())
  const { live, again, failure, isSlow, isRanked, isOfBefore, hasOthers } = useTop(view)
  useOver(failure)
  const [all, ...keys] = live.series
  const whole: Shown = { kind: 'prefix', name: prefix }
  const title = prefix === '' ? visible(session.prefix ?? 'All keys') : nameOf(whole)
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
          {!isRanked ? (
            failure === undefined && <Loading isSlow={isSlow} rows={6} />
          ) : keys.length === 0 ? (
            <Nothing view={view} />
          ) : (
            <Ranked keys={keys} all={all} view={view} hasOthers={hasOthers} />
          )}
        </div>
      )}
    </>
  )
}

/** Reads the whole prefix first, because that is a single question; then the largest keys and a series for each. */
function useTop({ prefix, contains, period, by, isCompared, isMore }: Top) {
  const { zone } = usePage()
  const unit = unitOf(period, null)
  const name = JSON.stringify([prefix, period, zone.name, isCompared])
  const whole = useAnswer(name, (signal) => {
    const shown: Shown[] = [{ kind: 'prefix', name: prefix }]
    return readShown({ shown, period, unit, zone, isCompared }, signal)
  })
  const listed = JSON.stringify([name, contains])
  const ranking = useAnswer(JSON.stringify([listed, by, isMore]), async (signal) => {
    const limit = isMore ? MORE : FEW
    // One more than is shown tells whether there are others.
    const { items } = await readLargest(
      { prefix, contains: contains || undefined, period, zone, by, limit: limit + 1 },
      signal,
    )
    const shown = items.slice(0, limit).map(({ key }): Shown => ({ kind: 'key', name: key }))
    const keys = await readShown({ shown, period, unit, zone, isCompared }, signal)
    return { listed, keys, hasOthers: items.length > limit }
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
    isRanked: ranking.value !== undefined,
    hasOthers: ranking.value?.hasOthers === true,
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
  /** Whether there are keys that are not in the list. */
  readonly hasOthers: boolean
}

function Ranked({ keys, all, view, hasOthers }: RankedProps) {
  const { zone } = usePage()
  const { prefix, contains, period, by, isMore } = view
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
      {hasOthers && keys.length === MORE ? (
        <p class="more hint">
          <span>
            These are the {MORE} largest, and there are more: type a part of the keys, walk down the{' '}
            <Link to={treeOf(view, prefix.slice(0, prefix.lastIndexOf('/') + 1))}>tree</Link>, or download
            all.
          </span>
        </p>
      ) : null}
      <p class="more">
        {hasOthers && keys.length === FEW && !isMore ? (
          <Link to={{ ...view, isMore: true }}>Show {MORE}</Link>
        ) : null}
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
  const [samples, setSamples] = useState<readonly Sample[]>([])
  const { name } = all.shown
  useEffect(() => setSamples([]), [name])
  useEffect(() => {
    setSamples((before) => remember(before, sampleOf(all, performance.now())))
  }, [all])
  return rateOf(samples)
}
