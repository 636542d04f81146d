import uPlot from 'uplot'
import { HOUR_MS } from '../../model/hour.ts'
import type { Unit } from '../../model/time/calendar.ts'
import type { Zone } from '../../model/time/zone.ts'
import { figure } from './numbers.ts'
import { atBuckets } from './ticks.ts'
import { tickWords } from './time.ts'

/** Colours, because a canvas cannot use style sheets. Six hex digits each: two more make them paler. */
export type Colours = {
  readonly text: string
  readonly grid: string
  readonly page: string
  readonly series: readonly string[]
}

export function coloursOf(element: Element): Colours {
  const style = getComputedStyle(element)
  const of = (name: string) => style.getPropertyValue(name).trim()
  return {
    text: of('--muted'),
    grid: of('--grid'),
    page: of('--card'),
    series: [1, 2, 3, 4, 5].map((i) => of(`--series-${i}`)),
  }
}

export type PlotOptions = {
  readonly width: number
  readonly height: number
  readonly zone: Zone
  readonly colours: Colours
  readonly count: number
  readonly unit: Unit
  readonly onCursor: (index: number | null) => void
}

const FONT = '12px system-ui, sans-serif'

export function plotOptions(options: PlotOptions): uPlot.Options {
  const { width, height, zone, colours, count, unit, onCursor } = options
  return {
    width,
    height,
    padding: [12, 12, 0, 0],
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone.name),
    legend: { show: false },
    cursor: {
      x: true,
      y: false,
      drag: { x: false, y: false },
      move: (plot, left, top) => [snapped(plot, left), top],
      points: { show: count > 1, size: 8, width: 2, fill: colours.page },
    },
    scales: {
      x: { time: true, range: (plot, min, max) => withRoom(plot, min, max) },
      y: { range: (_, min, max) => [Math.min(0, min), Math.max(max * 1.08, 1)] },
    },
    axes: [
      {
        stroke: colours.text,
        font: FONT,
        grid: { show: false },
        ticks: { stroke: colours.grid, width: 1, size: 4 },
        space: 76,
        size: 30,
        ...(unit === 'hour' ? {} : { splits: atBuckets(unit, zone) }),
        values: (_, splits) => splits.map((seconds) => tickWords(seconds * 1000, apartMs(splits), zone)),
      },
      {
        stroke: colours.text,
        font: FONT,
        size: 56,
        gap: 8,
        grid: { stroke: colours.grid, width: 1 },
        ticks: { show: false },
        values: (_, splits) => splits.map((value) => (Number.isInteger(value) ? figure(value, 'axis') : '')),
      },
    ],
    series: [{}, ...(count === 1 ? bars(colours) : lines(colours, count))],
    hooks: { setCursor: [(plot) => onCursor(plot.cursor.idx ?? null)] },
  }
}

/** Snaps the pointer to the nearest bucket, whose figures are then read out. */
function snapped(plot: uPlot, left: number): number {
  const x = left < 0 ? undefined : plot.data[0][plot.posToIdx(left)]
  return x === undefined ? left : plot.valToPos(x, 'x')
}

function apartMs(splits: readonly number[]): number {
  const [first = 0, second = first] = splits
  return second === first ? HOUR_MS : (second - first) * 1000
}

/** Adds half a bucket at both ends, so that the first and last bars are drawn whole. */
function withRoom({ data: [xs = []] }: uPlot, min: number, max: number): uPlot.Range.MinMax {
  const apart = xs.length > 1 ? ((xs.at(-1) ?? 0) - (xs[0] ?? 0)) / (xs.length - 1) : HOUR_MS / 1000
  return [min - apart / 2, max + apart / 2]
}

function bars({ series: [colour = '#888'] }: Colours): uPlot.Series[] {
  const paths = uPlot.paths.bars?.({ size: [0.72, 48], radius: 0.12 })
  const shape = { points: { show: false }, width: 0, ...(paths === undefined ? {} : { paths }) }
  return [
    // The whole, paler, is drawn behind. The part that shows above is what Postgres may not have yet.
    { ...shape, fill: `${colour}66` },
    { ...shape, fill: colour },
    { ...shape, fill: () => hatched(colour) },
  ]
}

/** Stripes, for a bar that is still growing. */
function hatched(colour: string): CanvasPattern | string {
  const size = Math.round(7 * devicePixelRatio)
  const tile = Object.assign(document.createElement('canvas'), { width: size, height: size })
  const pen = tile.getContext('2d')
  if (pen === null) return colour
  pen.fillStyle = `${colour}55`
  pen.fillRect(0, 0, size, size)
  pen.strokeStyle = colour
  pen.lineWidth = size / 3
  // Three lines, because the corners of a tile show its neighbours' stripes.
  for (const shift of [-size, 0, size]) {
    pen.moveTo(shift, size)
    pen.lineTo(shift + size, 0)
  }
  pen.stroke()
  return pen.createPattern(tile, 'repeat') ?? colour
}

function lines({ series, page }: Colours, count: number): uPlot.Series[] {
  const line = (i: number): uPlot.Series => ({
    stroke: series[i] ?? '#888',
    width: 2,
    // Points are left out where there are many, because they would merge into a line.
    points: { show: (plot) => plot.data[0].length <= 40, size: 6, fill: series[i] ?? '#888888' },
    spanGaps: false,
  })
  const solid = Array.from({ length: count }, (_, i) => line(i))
  const dashed = solid.map((own): uPlot.Series => ({ ...own, dash: [4, 4] }))
  const rings = solid.map(
    (own): uPlot.Series => ({ ...own, points: { show: true, size: 8, width: 2, fill: page } }),
  )
  return [...solid, ...dashed, ...rings]
}

/** A sparkline: only its shape can be read. A dot at its end is the bucket that runs. */
export function sparkOptions(width: number, height: number, colour: string): uPlot.Options {
  return {
    width,
    height,
    padding: [4, 4, 2, 1],
    legend: { show: false },
    cursor: { show: false },
    scales: { x: { time: false }, y: { range: (_, min, max) => [Math.min(0, min), Math.max(max, 1)] } },
    axes: [{ show: false }, { show: false }],
    series: [
      {},
      {
        stroke: colour,
        width: 1.5,
        fill: `${colour}22`,
        points: { show: false },
      },
      { stroke: colour, points: { show: true, size: 5, fill: colour } },
    ],
  }
}
