import type { Figures } from './figures.ts'

const WIDTH = 760
const ROW = 22
const LABEL = 240
const VALUE = 110

/**
 * Draws bars of increments or reads a second as SVG, readable in light and dark: a group for each workload, and each
 * group on a scale of its own.
 */
export function plotFigures(figures: readonly Figures[], caption: string): string {
  const groups = [...Map.groupBy(figures, ({ workload }) => workload)]
  const parts: string[] = []
  let y = 24
  for (const [workload, rows] of groups) {
    const most = Math.max(...rows.map(({ perSecond }) => perSecond))
    parts.push(text(0, y, workload, 'font-weight="600"'))
    y += 8
    for (const row of rows) {
      parts.push(barOf(row, most, y))
      y += ROW
    }
    y += 26
  }
  parts.push(text(0, y, caption, 'opacity="0.7" font-size="11"'))
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y + 12}" font-family="system-ui, sans-serif" font-size="13" fill="#888">
<title>Increments or reads a second, side by side</title>
${parts.join('\n')}
</svg>
`
}

function barOf({ contender, perSecond }: Figures, most: number, y: number): string {
  const width = Math.max(1, ((WIDTH - LABEL - VALUE) * perSecond) / most)
  const fill = contender.startsWith('Sumdial') ? '#d97706' : '#94a3b8'
  const middle = y + ROW / 2 + 4
  return [
    text(0, middle, contender),
    `<rect x="${LABEL}" y="${y + 3}" width="${width.toFixed(1)}" height="${ROW - 6}" rx="2" fill="${fill}"/>`,
    text(LABEL + width + 6, middle, `${Math.round(perSecond).toLocaleString('en')}/s`),
  ].join('\n')
}

function text(x: number, y: number, words: string, more = ''): string {
  const escaped = words.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  return `<text x="${x.toFixed(1)}" y="${y}" ${more}>${escaped}</text>`
}
