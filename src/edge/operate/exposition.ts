/** One sample of a family. Its labels are of a few values each, whatever is counted. */
export type Sample = { readonly labels?: Readonly<Record<string, string>>; readonly value: number }

/** Samples of one name. Without any it is announced all the same. */
export type Family = {
  readonly name: string
  readonly type: 'counter' | 'gauge'
  readonly help: string
  readonly samples: readonly Sample[]
}

export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/**
 * Prometheus's text format.
 * Source: prometheus.io/docs/instrumenting/exposition_formats, version 0.0.4.
 */
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

/** As Go's ParseFloat reads it. */
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
