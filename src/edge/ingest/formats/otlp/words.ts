import type { Delivered } from '../../delivery/delivery.ts'
import type { PartialSuccess } from './answer.ts'
import type { Refusal, Refusals } from './counting.ts'

/** Characters of a metric's name that an answer repeats. */
const NAME_CHARACTERS_MAX = 64

const TO_DELTA =
  'Set OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=delta. An UpDownCounter stays cumulative even then. In a ' +
  'Collector, use the processor cumulativetodelta.'

/**
 * Says what was not counted of a request, and why. [N2] An exporter writes it into its own log.
 *
 * @returns undefined when all was counted, and nothing twice.
 */
export function partialOf(
  { refused, duplicates, faults }: Delivered,
  { cumulative, unspecified, kind, delta }: Refusals,
): PartialSuccess | undefined {
  const [first] = faults
  const why = first === undefined ? '' : `, the first because \`${first.path}\` ${first.message}`
  const sentences = [
    told('Not counted, because it is cumulative', cumulative, `. ${TO_DELTA}`),
    told('Not counted, because its sum has no temporality', unspecified, '. Only deltas are counted.'),
    told('Not counted, because it is no sum', kind, '. Only sums are counted.'),
    told('Not counted', delta, `${why}.`),
    duplicates === 0 ? '' : `Counted before, when this request first came: ${dataPoints(duplicates)}.`,
  ].filter((text) => text !== '')
  return sentences.length === 0 ? undefined : { rejected: refused, message: sentences.join(' ') }
}

function told(what: string, { points, metrics }: Refusal, rest: string): string {
  if (points === 0) return ''
  const names = Array.from(metrics, (name) => name.slice(0, NAME_CHARACTERS_MAX)).join(', ')
  return `${what}: ${dataPoints(points)} of ${names}${rest}`
}

function dataPoints(count: number): string {
  return count === 1 ? '1 data point' : `${count} data points`
}
