import { type Counter, DiagLogLevel, diag } from '@opentelemetry/api'
import { OTLPMetricExporter as JsonExporter } from '@opentelemetry/exporter-metrics-otlp-http'
import { OTLPMetricExporter as ProtobufExporter } from '@opentelemetry/exporter-metrics-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { WRITER } from './stage.ts'

export const EXPORTERS = { JSON: JsonExporter, protobuf: ProtobufExporter } as const

export type Encoding = keyof typeof EXPORTERS

/** An application that measures with OpenTelemetry's own SDK and exports to a Worker. */
export type Measured = {
  counter(name: string): Counter
  readonly provider: MeterProvider
  /** Exports what was measured since the last time. */
  export(): Promise<void>
}

/** Variables that OpenTelemetry's exporters read, as a user sets them. */
export function withVariables<T>(variables: Readonly<Record<string, string>>, make: () => T): T {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const)
  Object.assign(process.env, variables)
  try {
    return make()
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  }
}

const TOKEN = { OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${WRITER}` }

export const DELTA = { OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'delta' }

export function measure(
  url: string,
  encoding: Encoding,
  service: string,
  variables: Readonly<Record<string, string>> = DELTA,
): Measured {
  const exporter = withVariables(
    { OTEL_EXPORTER_OTLP_ENDPOINT: url, ...TOKEN, ...variables },
    () => new EXPORTERS[encoding](),
  )
  // Exports are asked for; the interval is one that no test reaches.
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })
  const resource = resourceFromAttributes({ 'service.name': service })
  const provider = new MeterProvider({ resource, readers: [reader] })
  const meter = provider.getMeter('test')
  return {
    counter: (name) => meter.createCounter(name),
    provider,
    export: () => reader.forceFlush(),
  }
}

/** Gathers the lines of the SDK's own log while something is done. */
export async function sdkLog(work: () => Promise<void>): Promise<string> {
  const lines: string[] = []
  const add = (...parts: unknown[]) => {
    lines.push(parts.map(String).join(' '))
  }
  diag.setLogger({ error: add, warn: add, info: add, debug: add, verbose: add }, DiagLogLevel.WARN)
  try {
    await work()
  } finally {
    diag.disable()
  }
  return lines.join('\n')
}
