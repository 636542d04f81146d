import type { Family } from './metric-families.ts'

export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** Writes metrics in Prometheus's text format. Source: prometheus.io/docs/instrumenting/exposition_formats, 0.0.4. */
export function expose(families: readonly Family[]): string {
  return families.map(exposeFamily).join('')
}

function exposeFamily({ name, type, help, samples }: Family): string {
  const lines = samples.map(
    ({ labels = {}, value }) => `${name}${exposeLabels(labels)} ${exposeValue(value)}\n`,
  )
  return `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n${lines.join('')}`
}

function exposeLabels(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${escapeLabel(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

/** Writes a number as Go's ParseFloat reads it. */
function exposeValue(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf'
  if (value === Number.NEGATIVE_INFINITY) return '-Inf'
  return String(value)
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"')
}
