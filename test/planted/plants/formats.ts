import type { Plant, Suite } from '../plant.ts'

const OTLP_TESTS: Suite = { project: 'node', file: 'test/edge/ingest/formats/otlp.test.ts' }
const DECODING_TESTS: Suite = { project: 'node', file: 'test/edge/ingest/formats/otlp/decoding.test.ts' }
const QUEUE_TESTS: Suite = { project: 'node', file: 'test/edge/ingest/formats/queue.test.ts' }
const EVENTS_TESTS: Suite = { project: 'node', file: 'test/edge/ingest/formats/cloudevents.test.ts' }

/** From a delivery in a foreign format to its increments. */
export const FORMATS_PLANTS: readonly Plant[] = [
  {
    name: 'interval-in-the-next-hour',
    mistake: 'an interval that ends on the hour counts in the hour that begins then',
    edits: [
      {
        file: 'src/edge/ingest/formats/otlp/nanos.ts',
        find: 'high * HIGH_NS + low - 1)',
        replace: 'high * HIGH_NS + low)',
      },
    ],
    suite: DECODING_TESTS,
  },
  {
    name: 'message-cut-off',
    mistake: 'a message of protobuf that is cut off counts as far as it came',
    edits: [
      {
        file: 'src/edge/ingest/formats/otlp/wire.ts',
        find: 'if (pbf.pos !== end)',
        replace: 'if (pbf.pos < end)',
      },
    ],
    suite: DECODING_TESTS,
  },
  {
    name: 'totals-taken-for-deltas',
    mistake: 'a cumulative sum counts again at each export [N2]',
    edits: [
      {
        file: 'src/edge/ingest/formats/otlp/metric.ts',
        find: "if (temporality === 1) return 'delta'",
        replace: "if (temporality >= 1) return 'delta'",
      },
    ],
    suite: OTLP_TESTS,
  },
  {
    name: 'metrics-without-a-name',
    mistake: 'a delivery of OpenTelemetry that comes again counts again [N1]',
    edits: [
      {
        file: 'src/edge/ingest/formats/otlp.ts',
        find: 'return ok(hash.end())',
        replace: 'return ok(null)',
      },
    ],
    suite: OTLP_TESTS,
  },
  {
    name: 'identity-of-an-event-ambiguous',
    mistake: 'two events whose source and id are written alike in a row are taken for one [N1]',
    edits: [
      {
        file: 'src/edge/ingest/formats/cloudevents/identity.ts',
        find: "!source.includes(' ') && ",
        replace: '',
      },
    ],
    suite: EVENTS_TESTS,
  },
  {
    name: 'message-acknowledged-too-soon',
    mistake: 'a message that a shard did not take is acknowledged, and lost',
    edits: [
      {
        file: 'src/edge/ingest/formats/queue.ts',
        find: "if (fate === 'refused' || fate === 'unknown') retry(message)",
        replace: "if (fate === 'unknown') retry(message)",
      },
    ],
    suite: QUEUE_TESTS,
  },
]
