import { ValueType } from '@opentelemetry/api'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { AggregationTemporality, DataPointType, type ResourceMetrics } from '@opentelemetry/sdk-metrics'
import fc from 'fast-check'
import type { MetricKind, Visitor } from '../../../../../src/edge/ingest/formats/otlp/metric.ts'

const texts = fc.string({ unit: 'grapheme', maxLength: 20 })

function attributes() {
  const scalar = fc.oneof(
    texts,
    fc.boolean(),
    fc.maxSafeInteger(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Number.isInteger(value)),
  )
  return fc.dictionary(fc.oneof(texts, fc.constant('__proto__')), fc.oneof(scalar, fc.array(texts)), {
    maxKeys: 4,
  })
}

function scopes() {
  return fc
    .record({ name: texts, metrics: fc.array(metrics(), { maxLength: 3 }) })
    .map(({ name, metrics }) => ({ scope: { name }, metrics }))
}

/** From a microsecond before the turn of an hour to a microsecond after, and any other time. */
const times = fc
  .oneof(
    fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }),
    fc.bigInt({ min: -1000n, max: 1000n }).map((ns) => 1_795_996_800_000_000_000n + ns),
  )
  .map((ns): [number, number] => [Number(ns / 1_000_000_000n), Number(ns % 1_000_000_000n)])

function metrics() {
  return fc
    .record({
      name: texts,
      unit: texts,
      isDelta: fc.boolean(),
      isInt: fc.boolean(),
      isGauge: fc.boolean(),
      isMonotonic: fc.boolean(),
      points: fc.array(fc.record({ time: times, attributes: attributes(), value: fc.maxSafeInteger() }), {
        maxLength: 4,
      }),
    })
    .map(({ name, unit, isDelta, isInt, isGauge, isMonotonic, points }) => {
      const valueType = isInt ? ValueType.INT : ValueType.DOUBLE
      return {
        descriptor: { name, unit, description: 'for people', valueType },
        aggregationTemporality: isDelta ? AggregationTemporality.DELTA : AggregationTemporality.CUMULATIVE,
        dataPointType: isGauge ? (DataPointType.GAUGE as const) : (DataPointType.SUM as never),
        isMonotonic,
        dataPoints: points.map(({ time, attributes, value }) => ({
          startTime: time,
          endTime: time,
          attributes,
          // Doubles that are whole, as the SDK writes every counter that was not made as one of integers.
          value: isInt || isDelta ? value : value / 4,
        })),
      }
    })
}

/** A request as OpenTelemetry's own SDK has it before it is written, for its serializers to write. */
export const requests: fc.Arbitrary<ResourceMetrics> = fc
  .record({ resource: attributes(), scopes: fc.array(scopes(), { maxLength: 3 }) })
  .map(({ resource, scopes }) => ({ resource: resourceFromAttributes(resource), scopeMetrics: scopes }))

export type Seen =
  | {
      readonly metric: string
      readonly resource: object
      readonly scope: string
      readonly unit: string
      readonly atMs: number | undefined
      readonly value: number | bigint | undefined
      readonly attributes: object
    }
  | { readonly metric: string; readonly kind: MetricKind; readonly points: number }

/** Everything that a decoder finds, in its order. */
export function recorder(): { readonly seen: Seen[]; readonly visitor: Visitor } {
  const seen: Seen[] = []
  return {
    seen,
    visitor: {
      onPoint({ name, resource, scope, unit }, { atMs, value, attributes }) {
        seen.push({
          metric: name,
          resource: { ...resource },
          scope,
          unit,
          atMs,
          value,
          attributes: { ...attributes() },
        })
      },
      onOther({ name }, kind, points) {
        seen.push({ metric: name, kind, points })
      },
    },
  }
}
