/** Attributes by name: texts, numbers, booleans, and lists of them. Without a prototype, because names are strangers'. */
export type Attributes = Readonly<Record<string, unknown>>

/** The facts that all points of a metric share. */
export type Metric = {
  /** The attributes of who measured: `service.name` and others. */
  readonly resource: Attributes
  /** The name of the library that measured; empty when it has none. */
  readonly scope: string
  readonly name: string
  readonly unit: string
}

/** The kinds of metrics, as far as counting goes: only the points of a delta sum are increments. */
export type MetricKind = 'delta' | 'cumulative' | 'unspecified' | 'gauge' | 'histogram' | 'summary'

/** One point of a delta sum. */
export type Point = {
  /**
   * Epoch ms of the point's time less 1 ns, so that an interval that ends on the hour counts in the hour in which it
   * happened; undefined without a time.
   */
  readonly atMs: number | undefined
  /** A bigint where a number would not be exact; 0 for a point whose flags say that it has none; undefined without one. */
  readonly value: number | bigint | undefined
  /** Read when they are asked for, because most points are counted without it. */
  readonly attributes: () => Attributes
  /** The bytes of the attributes, by which those that came before are known; null without attributes, undefined without bytes. */
  readonly attributeBytes?: AttributeBytes | null | undefined
}

/** Fields of attributes, one behind the other. Other fields among them are not read. */
export type AttributeBytes = { readonly body: DataView; readonly from: number; readonly to: number }

/** Takes what a decoder finds, in the order of the request. Nothing is kept, so memory does not grow with the points. */
export type Visitor = {
  readonly onPoint: (metric: Metric, point: Point) => void
  /** A metric whose points are no increments, and how many it has. */
  readonly onOther: (metric: Metric, kind: Exclude<MetricKind, 'delta'>, points: number) => void
}

/** Bit 0 of a point's flags: it has no value, because its stream has ended. Source: opentelemetry-proto, metrics.proto. */
export const NO_VALUE = 1

/** Source: opentelemetry-proto, metrics.proto, AggregationTemporality. */
export function kindOfSum(temporality: number): MetricKind {
  if (temporality === 1) return 'delta'
  return temporality === 2 ? 'cumulative' : 'unspecified'
}

export function noAttributes(): Record<string, unknown> {
  return Object.create(null)
}
