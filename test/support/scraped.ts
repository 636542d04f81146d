import type { MetricFamily } from 'parse-prometheus-text-format'
import parsePrometheusTextFormat from 'parse-prometheus-text-format'

/** The series of a scrape as another project's parser reads them, such as `x_total{hour="20"}`, each with its value. */
export function seriesOf(text: string): Map<string, number> {
  return new Map(
    familiesOf(text).flatMap(({ name, metrics }) =>
      metrics.map(({ labels = {}, value }) => [`${name}${labelsOf(labels)}`, Number(value)] as const),
    ),
  )
}

/** Empty families, which the reader leaves out, are not there. */
export function familiesOf(text: string): MetricFamily[] {
  return parsePrometheusTextFormat(text)
}

function labelsOf(labels: Record<string, string>): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${value}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}
