/** A Markdown table whose columns are as wide as their widest cell. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((name, i) => Math.max(name.length, 3, ...rows.map((row) => row[i]?.length ?? 0)))
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, i) => (cells[i] ?? '').padEnd(width)).join(' | ')} |`
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
}

/** `10,000`, rounded to a whole number. */
export function number(value: number): string {
  return Math.round(value).toLocaleString('en')
}

/** NaN, where the system does not tell, is a dash. */
export function megabytes(bytes: number): string {
  return Number.isNaN(bytes) ? '-' : `${(bytes / 1e6).toFixed(1)} MB`
}

/** Answers by status, as `300 x 202, 4 x 503`. */
export function describeStatuses(statuses: Readonly<Record<string, number>>): string {
  return Object.entries(statuses)
    .map(([status, count]) => `${number(count)} x ${status}`)
    .join(', ')
}
