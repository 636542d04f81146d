import { useEffect, useRef, useState } from 'preact/hooks'
import uPlot from 'uplot'
import type { Unit } from '../../../model/time/calendar.ts'
import type { Zone } from '../../../model/time/zone.ts'
import { usePage } from '../../data/context.ts'
import { isCompared, lookOf, plotData } from '../../data/drawn.ts'
import { grouped } from '../../data/numbers.ts'
import { coloursOf, plotOptions } from '../../data/plot.ts'
import { bucketTotal, colourOf, type DrawnSeries, measureOf, NONE, plus, stageOf } from '../../data/series.ts'
import { useTheme } from '../../data/theme.ts'
import { bucketWords } from '../../data/time.ts'
import { ShownName, shownNameOf } from '../shown-name.tsx'

type PlotProps = {
  readonly series: DrawnSeries
  readonly unit: Unit
  readonly height: number
  readonly label: string
}

/**
 * A chart over time. The pointer reads out a bucket; with a keyboard the slider below does, and a screen reader says its
 * words. The view's table has all figures too.
 */
export function Plot({ series, unit, height, label }: PlotProps) {
  const { zone } = usePage()
  const [index, setIndex] = useState<number | null>(null)
  const { place, plot } = usePlot(series, unit, height, setIndex)
  const count = series[0]?.starts.length ?? 0
  const last = Math.max(0, count - 1)
  const at = Math.min(index ?? last, last)
  const words = useReadout(series, unit, at)
  const point = (to: number) => {
    const x = (series[0]?.starts[to] ?? 0) / 1000
    const left = plot.current?.valToPos(x, 'x') ?? -10
    plot.current?.setCursor({ left, top: 10 })
    setIndex(to)
  }
  const leave = () => {
    plot.current?.setCursor({ left: -10, top: -10 })
    setIndex(null)
  }
  return (
    <figure class="plot" aria-label={label}>
      <div class="canvas" ref={place} style={{ height: `${height}px` }} aria-hidden="true" />
      {index === null ? null : (
        <Readout series={series} unit={unit} index={at} left={leftOf(plot.current, series, at)} />
      )}
      <input
        class="scrub"
        type="range"
        min={0}
        max={last}
        value={at}
        aria-label={`${label}: read out each ${unit}`}
        aria-valuetext={words}
        onInput={({ currentTarget }) => point(Number(currentTarget.value))}
        onFocus={() => point(at)}
        onBlur={leave}
      />
      <figcaption class="unseen">
        {count} {unit}s, times in {zone.name}. The arrow keys read out each; the table has all of them.
      </figcaption>
    </figure>
  )
}

/** The bucket's place in per cent of the width: the readout goes to the side that has room. */
function leftOf(plot: uPlot | undefined, series: DrawnSeries, index: number): number {
  if (plot === undefined) return 0
  const x = (series[0]?.starts[index] ?? 0) / 1000
  return ((plot.valToPos(x, 'x') + plot.bbox.left / devicePixelRatio) / plot.width) * 100
}

function useReadout(series: DrawnSeries, unit: Unit, index: number): string {
  const { view, zone } = usePage()
  const when = whenOf(series, index, unit, zone)
  const figures = linesOf(series, index).map(({ shown, total, before }) => {
    const now = grouped(measureOf(total, view.by))
    const words = before === undefined ? now : `${now}, before ${grouped(measureOf(before, view.by))}`
    return shown === undefined ? words : `${shownNameOf(shown)} ${words}`
  })
  return `${when}: ${figures.join(', ')}`
}

/** The figures of a bucket: of parts their sum, without a name, and then those that have something in it. */
function linesOf(series: DrawnSeries, index: number) {
  const lines = series.map((own, i) => ({
    shown: series.length === 1 ? undefined : own.shown,
    colour: colourOf(own.shown, i),
    total: bucketTotal(own, index),
    before: own.before?.buckets[index],
  }))
  if (lookOf(series) !== 'stack') return lines
  const total = lines.map((line) => line.total).reduce(plus, NONE)
  const befores = lines.flatMap((line) => line.before ?? [])
  const before = befores.length > 0 ? befores.reduce(plus) : undefined
  const parts = lines.filter((line) => line.total.count > 0)
  return [{ shown: undefined, colour: undefined, total, before }, ...parts.map(withoutBefore)]
}

/** A part has no room for the figure of the time before. The table has the change of each part. */
function withoutBefore<T extends { readonly before: unknown }>(line: T) {
  return { ...line, before: undefined }
}

/** A bucket in words, and whether it is over: `Tue 21 Nov, 14:00, so far`. */
function whenOf([first]: DrawnSeries, index: number, unit: Unit, zone: Zone): string {
  if (first === undefined) return ''
  const words = bucketWords(first.starts[index] ?? 0, unit, zone)
  return `${words}${STAGES[stageOf(first, index, Date.now())]}`
}

const STAGES = { over: '', running: ', so far', ahead: ', still to come' } as const

type ReadoutProps = {
  readonly series: DrawnSeries
  readonly unit: Unit
  readonly index: number
  readonly left: number
}

function Readout({ series, unit, index, left }: ReadoutProps) {
  const { view, zone } = usePage()
  const held = series.map((own) => measureOf(own.held[index] ?? NONE, view.by)).reduce((a, b) => a + b, 0n)
  return (
    <div class={`readout ${left > 55 ? 'is-left' : ''}`} style={{ '--at': `${left}%` }}>
      <p class="when">{whenOf(series, index, unit, zone)}</p>
      {linesOf(series, index).map(({ shown, colour, total, before }) => (
        <p key={shown === undefined ? '' : `${shown.kind} ${shownNameOf(shown)}`} class="line">
          {colour === undefined ? null : <span class={`dot ${colour}`} />}
          {shown === undefined ? null : (
            <span class="name">
              <ShownName shown={shown} />
            </span>
          )}
          <strong>{grouped(measureOf(total, view.by))}</strong>
          {before === undefined ? null : (
            <span class="hint">before {grouped(measureOf(before, view.by))}</span>
          )}
        </p>
      ))}
      {held > 0n ? <p class="hint">{grouped(held)} not in Postgres yet</p> : null}
    </div>
  )
}

/** Mounts a uPlot. It is made anew when its options change, and only gets new data otherwise. */
function usePlot(series: DrawnSeries, unit: Unit, height: number, onCursor: (index: number | null) => void) {
  const { view, zone } = usePage()
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>(undefined)
  const theme = useTheme()
  const data = plotData(series, view.by, Date.now())
  const latest = useRef(data)
  latest.current = data
  const look = lookOf(series)
  const hasBefore = isCompared(series)
  const names = series.map(({ shown }, i) => colourOf(shown, i)).join(' ')
  useEffect(() => {
    const element = place.current
    if (element === null) return
    const width = () => Math.max(200, element.clientWidth)
    const colours = coloursOf(element, names.split(' '))
    const sizes = { width: width(), height }
    const options = plotOptions({ ...sizes, zone, colours, look, isCompared: hasBefore, unit, onCursor })
    const made = new uPlot(options, latest.current, element)
    plot.current = made
    const watch = new ResizeObserver(() => made.setSize({ width: width(), height }))
    watch.observe(element)
    return () => {
      watch.disconnect()
      made.destroy()
    }
  }, [theme, height, zone, look, hasBefore, names, unit, onCursor])
  useEffect(() => plot.current?.setData(data), [series, view.by])
  return { place, plot }
}
