import uPlot from 'uplot'
import { HOUR_MS } from '../../model/hour.ts'
import type { Unit } from '../../model/time/calendar.ts'
import type { Zone } from '../../model/time/zone.ts'
import type { ChartLook } from './drawn.ts'
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

/** @param names of the colours of series, in the style sheet. */
export function coloursOf(element: Element, names: readonly string[]): Colours {
  const style = getComputedStyle(element)
  const of = (name: string) => style.getPropertyValue(name).trim()
  return {
    text: of('--muted'),
    grid: of('--grid'),
    page: of('--card'),
    series: names.map((name) => of(`--${name}`)),
  }
}

export type PlotOptions = {
  readonly width: number
  readonly height: number
  readonly zone: Zone
  readonly colours: Colours
  readonly look: ChartLook
  /** Whether the time before is drawn too. */
  readonly isCompared: boolean
  readonly unit: Unit
  readonly onCursor: (index: number | null) => void
}

const FONT = '12px system-ui, sans-serif'

export function plotOptions(options: PlotOptions): uPlot.Options {
  const { width, height, zone, colours, look, isCompared, unit, onCursor } = options
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
      points: { show: look === 'lines', size: 8, width: 2, fill: colours.page },
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
    series: [{}, ...DRAWN[look](colours), ...(isCompared ? befores(look, colours) : [])],
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

const DRAWN: Readonly<Record<ChartLook, (colours: Colours) => uPlot.Series[]>> = { bars, lines, stack }

/** @param radius of the corners, as a share of a bar's width. */
function barShape(radius: number): uPlot.Series {
  const paths = uPlot.paths.bars?.({ size: [0.72, 48], radius })
  return { points: { show: false }, width: 0, ...(paths === undefined ? {} : { paths }) }
}

function bars({ series: [colour = '#888'] }: Colours): uPlot.Series[] {
  const shape = barShape(0.12)
  return [
    // The whole, paler, is drawn behind. The part that shows above is what Postgres may not have yet.
    { ...shape, fill: `${colour}66` },
    { ...shape, fill: colour },
    { ...shape, fill: () => hatched(colour) },
  ]
}

/** The outermost part first, as `plotData` has them. */
function stack({ series, page }: Colours): uPlot.Series[] {
  const [shape, colours] = [barShape(0), series.toReversed()]
  return [
    ...colours.map((fill) => ({ ...shape, fill })),
    ...colours.map((colour) => ({ ...shape, fill: () => hatched(colour, page) })),
  ]
}

/** The stripes of a bar that still grows. @param page the page's colour, which hides the lines behind the bar. */
function hatched(colour: string, page?: string): CanvasPattern | string {
  const size = Math.round(7 * devicePixelRatio)
  const tile = Object.assign(document.createElement('canvas'), { width: size, height: size })
  const pen = tile.getContext('2d')
  if (pen === null) return colour
  if (page !== undefined) {
    pen.fillStyle = page
    pen.fillRect(0, 0, size, size)
  }
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

function lines({ series, page }: Colours): uPlot.Series[] {
  const line = (colour: string): uPlot.Series => ({
    stroke: colour,
    width: 2,
    // Points are left out where there are many, because they would merge into a line.
    points: { show: (plot) => plot.data[0].length <= 40, size: 6, fill: colour },
    spanGaps: false,
  })
  const solid = series.map(line)
  const dashed = solid.map((own): uPlot.Series => ({ ...own, dash: [4, 4] }))
  const rings = solid.map(
    (own): uPlot.Series => ({ ...own, points: { show: true, size: 8, width: 2, fill: page } }),
  )
  return [...solid, ...dashed, ...rings]
}

/** A thin, pale line for the time before: beside several lines in their colours, otherwise in none. */
function befores(look: ChartLook, { series, text }: Colours): uPlot.Series[] {
  return (look === 'lines' ? series : [text]).map((colour): uPlot.Series => {
    const stroke = `${colour}${look === 'lines' ? '77' : 'bb'}`
    return {
      stroke,
      width: 1.5,
      // A bucket alone has no line.
      points: { show: (plot) => plot.data[0].length <= 40, size: 4, fill: stroke, stroke },
      spanGaps: false,
    }
  })
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
