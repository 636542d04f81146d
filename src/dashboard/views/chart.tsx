import { useMemo } from 'preact/hooks'
import { type CsvRows, csv } from '../../model/text/csv.ts'
import type { Unit } from '../../model/time/calendar.ts'
import { useOver, usePage } from '../data/context.ts'
import { download } from '../data/download.ts'
import { useAnswer } from '../data/hooks.ts'
import { useLive } from '../data/live/live.ts'
import { isCurrent, unitOf, unitsOf } from '../data/period.ts'
import { readCsv, readShown } from '../data/read.ts'
import { bucketTotal, drawnOf, heldTotal, largest, measureOf, type Series, totalOf } from '../data/series.ts'
import { bucketWords } from '../data/time.ts'
import { type Chart, hasShown, type Shown } from '../data/view.ts'
import { Change } from '../parts/change.tsx'
import { FiguresTable } from '../parts/chart/figures-table.tsx'
import { Legend } from '../parts/chart/legend.tsx'
import { NeverCounted } from '../parts/chart/never-counted.tsx'
import { Notes } from '../parts/chart/notes.tsx'
import { Plot } from '../parts/chart/plot.tsx'
import {
  Choices,
  CompareChoice,
  MeasureChoice,
  PeriodChoice,
  UNIT_WORDS,
  ZoneChoice,
} from '../parts/controls.tsx'
import { CsvButton } from '../parts/csv/csv-button.tsx'
import { Figure } from '../parts/figure.tsx'
import { LabelChoice } from '../parts/labels/label-choice.tsx'
import { PartsTable } from '../parts/labels/parts-table.tsx'
import { LiveNote } from '../parts/live-note.tsx'
import { wordsOf } from '../parts/measure.tsx'
import { periodWords } from '../parts/period-words.ts'
import { ShownName, shownNameOf } from '../parts/shown-name.tsx'
import { Stat } from '../parts/stat.tsx'
import { Empty, Failed, Loading } from '../parts/states.tsx'

/** The Chart view: up to five keys and prefixes over time. */
export function ChartView({ view }: { readonly view: Chart }) {
  const { zone, go } = usePage()
  const { shown, period, by, isTable, label, where, isCompared } = view
  const unit = unitOf(period, view.unit)
  const name = JSON.stringify([shown, period, zone.name, unit, label, where, isCompared])
  const query = { shown, period, unit, zone, label, where, isCompared }
  const asked = useAnswer(name, (signal) => readShown(query, signal))
  const isLive = isCurrent(period, zone, Date.now())
  const live = useLive(asked.value, isLive, asked)
  useOver(asked.failure)
  const isOfThese =
    live.series.length === shown.length && live.series.every((own) => hasShown(shown, own.shown))
  const series = isOfThese ? live.series : []
  const [first] = series
  const title = `${shown.map(shownNameOf).join(', ')}, ${periodWords(period)}`
  return (
    <>
      <div class="head">
        <h1>{shown.length === 1 && shown[0] !== undefined ? <ShownName shown={shown[0]} /> : 'Compare'}</h1>
        <LiveNote
          isLive={isLive}
          isConnected={live.isConnected}
          isResting={live.isResting}
          failure={asked.failure}
          lastFlushAt={latest(series)}
        />
      </div>
      <Legend view={view} series={series} />
      <div class="controls">
        <PeriodChoice />
        <CompareChoice />
        <UnitChoice view={view} />
        <MeasureChoice />
        <ZoneChoice />
        <LabelChoice view={view} />
      </div>
      {shown.length === 0 ? (
        <Empty title="Nothing is chosen">
          <p>Add a key or a prefix above, or choose some in the list of the busiest keys.</p>
        </Empty>
      ) : null}
      {asked.failure !== undefined ? (
        <Failed failure={asked.failure} again={asked.again} isBanner={series.length > 0} />
      ) : null}
      {shown.length > 0 && series.length === 0 && asked.failure === undefined ? (
        <Loading isSlow={asked.isSlow} rows={4} />
      ) : null}
      {series
        .filter((own) => own.shown.kind === 'key' && totalOf(own).count === 0)
        .map(({ shown: { name: key } }) => (
          <NeverCounted key={key} view={view} name={key} />
        ))}
      {series.length > 0 ? (
        <section class="card" aria-label="Chart">
          {series.length === 1 && series[0] !== undefined ? <Summary series={series[0]} unit={unit} /> : null}
          <Plot series={drawnOf(series)} unit={unit} height={320} label={title} />
          <Notes series={series} unit={unit} />
        </section>
      ) : null}
      {first?.breakdown ? <PartsTable whole={first} breakdown={first.breakdown} view={view} /> : null}
      {series.length > 0 ? (
        <p class="more">
          <button
            type="button"
            class="quiet"
            aria-expanded={isTable}
            onClick={() => go({ ...view, isTable: !isTable }, 'replace')}
          >
            {isTable ? 'Hide the table' : 'Show as a table'}
          </button>
          {first?.breakdown ? (
            <CsvButton
              words="Download CSV"
              file="sumdial.csv"
              read={async (signal) => ({ csv: await readCsv(query, first.shown, signal), said: '' })}
            />
          ) : (
            <button type="button" class="quiet" onClick={() => download('sumdial.csv', csv(rowsOf(series)))}>
              Download CSV
            </button>
          )}
          <span class="hint">
            {by === 'sum' ? 'Sums of values' : 'Numbers of increments'}, times in {zone.name}
          </span>
        </p>
      ) : null}
      {series.length > 0 && isTable ? <FiguresTable series={drawnOf(series)} unit={unit} /> : null}
    </>
  )
}

function latest(series: readonly Series[]): string | null {
  return (
    series
      .map(({ lastFlushAt }) => lastFlushAt ?? '')
      .toSorted()
      .at(-1) || null
  )
}

function rowsOf(series: readonly Series[]): CsvRows {
  const names = series.flatMap(({ shown }) => [`${plainName(shown)} sum`, `${plainName(shown)} count`])
  const rows = (series[0]?.labels ?? []).map((start, i) => [
    start,
    ...series.flatMap((own) => [bucketTotal(own, i).sum, bucketTotal(own, i).count]),
  ])
  return [['start', ...names], ...rows]
}

/** The name as it is, because programs read it. */
function plainName({ kind, name }: Shown): string {
  return kind === 'key' ? name : name === '' ? 'all keys' : `${name}…`
}

function UnitChoice({ view }: { readonly view: Chart }) {
  const { go } = usePage()
  const units = unitsOf(view.period)
  if (units.length < 2) return null
  return (
    <Choices
      label="By"
      choices={units.map((value) => ({ value, short: UNIT_WORDS[value] }))}
      chosen={unitOf(view.period, view.unit)}
      choose={(unit) => go({ ...view, unit })}
    />
  )
}

function Summary({ series, unit }: { readonly series: Series; readonly unit: Unit }) {
  const { view, zone } = usePage()
  const peak = useMemo(() => {
    const totals = series.starts.map((_, i) => measureOf(bucketTotal(series, i), view.by))
    const most = largest(totals)
    return { most, at: totals.indexOf(most) }
  }, [series, view.by])
  const held = measureOf(heldTotal(series), view.by)
  return (
    <dl class="stats">
      <Stat words={wordsOf(view.by)} note={periodWords(view.period)}>
        <Figure n={measureOf(totalOf(series), view.by)} place="headline" />
        <Change now={totalOf(series)} before={series.before?.total} />
      </Stat>
      <Stat
        words={`Highest ${unit}`}
        note={peak.most > 0n ? bucketWords(series.starts[peak.at] ?? 0, unit, zone) : '–'}
      >
        <Figure n={peak.most} place="headline" />
      </Stat>
      <Stat words="On its way" note="not in Postgres yet">
        <Figure n={held} place="headline" />
      </Stat>
    </dl>
  )
}
