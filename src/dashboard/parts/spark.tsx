import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import type { shapeOf } from '../data/drawn.ts'
import { coloursOf, sparkOptions } from '../data/plot.ts'
import { useTheme } from '../data/theme.ts'

const [WIDTH, HEIGHT] = [132, 30]

type Shape = ReturnType<typeof shapeOf>

/** The shape of a series at a glance. Its figures are in the same row. */
export function Spark({ values }: { readonly values: Shape }) {
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>(undefined)
  const theme = useTheme()
  const latest = useRef(values)
  latest.current = values
  useEffect(() => {
    const element = place.current
    if (element === null) return
    const [colour = '#888888'] = coloursOf(element, ['series-1']).series
    const made = new uPlot(sparkOptions(WIDTH, HEIGHT, colour), dataOf(latest.current), element)
    plot.current = made
    return () => made.destroy()
  }, [theme])
  useEffect(() => plot.current?.setData(dataOf(values)), [values])
  return <div ref={place} class="spark" aria-hidden="true" />
}

function dataOf({ over, running }: Shape): uPlot.AlignedData {
  return [over.map((_, i) => i), over, running]
}
