import { useEffect, useState } from 'preact/hooks'
import { usePage } from '../context.ts'
import type { Rows } from '../csv.ts'
import { download } from '../download.ts'
import { useAsked } from '../hooks.ts'
import { useLive } from '../live.ts'
import { rate } from '../numbers.ts'
import { inPeriod, MeasureChoice, PeriodChoice, periodWords, ZoneChoice } from '../parts/controls.tsx'
import { Figure } from '../parts/figure.tsx'
import { Link } from '../parts/link.tsx'
import { LiveNote } from '../parts/live-note.tsx'
import { Plot } from '../parts/plot.tsx'
import { Ranking } from '../parts/ranking.tsx'
import { Empty, Failed, Loading } from '../parts/states.tsx'
import { unitOf } from '../period.ts'
import { rateOf, remember, type Sample, sampleOf } from '../rate.ts'
import { readLargest, readShown } from '../read.ts'
import { measureOf, type Series, totalOf } from '../series.ts'
import { chartOf, type Shown, type View } from '../view.ts'

type Top = Extract<View, { name: 'top' }>

const [FEW, MORE] = [10, 20]

/** What was busiest, and how busy it is now. */
export function TopView({ view }: { readonly view: Top }) {
  const { zone, session } = usePage()
  const { prefix, period, by, isMore } = view
  const unit = unitOf(period, null)
  const whole: Shown = { kind: 'prefix', name: prefix }
  const name = JSON.stringify([prefix, period, zone.name, by, isMore])
  const asked = useAsked(name, async (signal): Promise<Series[]> => {
    const [[all], list] = await Promise.all([
      readShown({ shown: [whole], period, unit, zone }, signal),
      readLargest({ prefix, period, zone, by, limit: isMore ? MORE : FEW }, signal),
    ])
    const shown = list.items.map(({ key }): Shown => ({ kind: 'key', name: key }))
    const ofKeys = await readShown({ shown, period, unit, zone }, signal)
    return all === undefined ? [] : [all, ...ofKeys]
  })
  const live = useLive(asked.value, period.kind === 'last', asked.again)
  useOver(asked.failure)
  const [all, ...keys] = live.series
  const perSecond = useRate(all)
  const title = prefix === '' ? (session.prefix ?? 'All keys') : `${prefix}…`
  return (
    <>
      <div class="head">
        <h1>{title}</h1>
        <LiveNote
          isLive={period.kind === 'last'}
          isConnected={live.isConnected && asked.failure === undefined}
          lastFlushAt={all?.lastFlushAt ?? null}
        />
      </div>
      <div class="controls">
        <Search key={view.prefix} view={view} />
        <PeriodChoice />
        <MeasureChoice />
        <ZoneChoice />
      </div>
      {asked.failure !== undefined ? (
        <Failed failure={asked.failure} again={asked.again} isBanner={all !== undefined} />
      ) : null}
      {all === undefined ? (
        asked.failure === undefined ? (
          <Loading isSlow={asked.isSlow} rows={8} />
        ) : null
      ) : (
        <div aria-busy={asked.isLoading && asked.value?.[0]?.shown.name !== prefix} class="results">
          <section class="card" aria-label="All of it">
            <dl class="stats">
              <Stat words={by === 'sum' ? 'Sum' : 'Increments'} note={periodWords(period)}>
                <Figure n={measureOf(totalOf(all), by)} place="headline" />
              </Stat>
              {period.kind === 'last' ? (
                <Stat words="Right now" note="increments a second">
                  <span class="figure">{perSecond === undefined ? '…' : rate(perSecond)}</span>
                </Stat>
              ) : null}
            </dl>
            <Plot series={[all]} unit={unit} height={160} label={`${title}, ${periodWords(period)}`} />
          </section>
          {keys.length === 0 ? <Nothing view={view} /> : <Ranking keys={keys} whole={all} view={view} />}
          {keys.length === 0 ? null : (
            <p class="more">
              {keys.length === FEW && !isMore ? (
                <Link to={{ ...view, isMore: true }}>Show {MORE}</Link>
              ) : null}
              <Link to={chartOf(view, whole)}>Chart of {prefix === '' ? 'all keys' : `${prefix}…`}</Link>
              <button
                type="button"
                class="quiet"
                onClick={() => download('sumdial-busiest.csv', rowsOf(keys))}
              >
                Download CSV
              </button>
            </p>
          )}
        </div>
      )}
    </>
  )
}

function rowsOf(keys: readonly Series[]): Rows {
  const rows = keys.map((own) => [own.shown.name, totalOf(own).sum, totalOf(own).count] as const)
  return [['key', 'sum', 'count'], ...rows]
}

type StatProps = {
  readonly words: string
  readonly note: string
  readonly children: preact.ComponentChildren
}

export function Stat({ words, note, children }: StatProps) {
  return (
    <div>
      <dt>{words}</dt>
      <dd>{children}</dd>
      <dd class="hint">{note}</dd>
    </div>
  )
}

/** A session that is over concerns the whole page. */
export function useOver(failure: ReturnType<typeof useAsked>['failure']): void {
  const { failed } = usePage()
  useEffect(() => {
    if (failure?.kind === 'signed-out') failed(failure)
  }, [failure, failed])
}

function useRate(all: Series | undefined): number | undefined {
  const [samples, setSamples] = useState<readonly Sample[]>([])
  const name = all?.shown.name
  useEffect(() => setSamples([]), [name])
  useEffect(() => {
    if (all !== undefined) setSamples((before) => remember(before, sampleOf(all, performance.now())))
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
    <Empty title="Nothing was counted in this time">
      <p>Count something, and it shows here within seconds:</p>
      <pre>
        {`curl ${location.origin}/increment${token} -H 'content-type: application/json' -d '{"key":"${session.prefix ?? 'site/example.com'}/pricing"}'`}
      </pre>
      {session.isOpen ? (
        <p>
          Or have traffic that looks real: <code>npm run demo</code>
        </p>
      ) : null}
    </Empty>
  )
}

/** Narrows the list as one types; it waits for a pause, so that not each letter asks. */
function Search({ view }: { readonly view: Top }) {
  const { go } = usePage()
  const [text, setText] = useState(view.prefix)
  useEffect(() => {
    if (text === view.prefix) return
    const timer = setTimeout(() => go({ ...view, prefix: text, isMore: false }, 'replace'), 350)
    return () => clearTimeout(timer)
  }, [text, view, go])
  return (
    <search class="search">
      <input
        type="search"
        value={text}
        maxLength={512}
        placeholder="Keys that begin with…"
        aria-label="Keys that begin with"
        autocomplete="off"
        spellcheck={false}
        onInput={({ currentTarget }) => setText(currentTarget.value)}
      />
    </search>
  )
}
