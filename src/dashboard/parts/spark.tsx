import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import { coloursOf, sparkOptions } from '../data/plot.ts'
import { useTheme } from '../data/theme.ts'

const [WIDTH, HEIGHT] = [132, 30]

/** The shape of a series at a glance. Its figures are in the same row. */
export function Spark({ values }: { readonly values: readonly number[] }) {
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>(undefined)
  const theme = useTheme()
  const latest = useRef(values)
  latest.current = values
  useEffect(() => {
    const element = place.current
    if (element === null) return
    const [colour = '#888888'] = coloursOf(element).series
    const made = new uPlot(sparkOptions(WIDTH, HEIGHT, colour), dataOf(latest.current), element)
    plot.current = made
    return () => made.destroy()
  }, [theme])
  useEffect(() => plot.current?.setData(dataOf(values)), [values])
  return <div ref={place} class="spark" aria-hidden="true" />
}

function dataOf(values: readonly number[]): uPlot.AlignedData {
  return [values.map((_, i) => i), [...values]]
}
