declare module 'parse-prometheus-text-format' {
  export type Metric = { value: string; labels?: Record<string, string> }
  export type MetricFamily = { name: string; help: string; type: string; metrics: Metric[] }
  export default function parsePrometheusTextFormat(text: string): MetricFamily[]
}
