import {
  DELIVERY_CELLS_MAX,
  DELIVERY_RECORDS_MAX,
  LARGE_BODIES_MAX,
  LARGE_BODY_RETRY_SECONDS,
} from '../../limits.ts'
import { errorsAndMore } from './limit-words.ts'
import type { BodyFault, DeliveryProblem } from './problem.ts'
import { RETRY_SOON, type Wire } from './wire.ts'

/** Problems of bodies and of deliveries in foreign formats, in words. */
export function deliveryWire(problem: DeliveryProblem): Wire {
  switch (problem.kind) {
    case 'unreadable':
      // A body that never came whole may come right; another is the same when it is sent again. Some log shippers send
      // again for ever after a 400.
      return {
        status: problem.fault.kind === 'cut_off' ? 400 : 422,
        title: 'Unreadable body',
        detail: bodyFault(problem.fault),
      }
    case 'not_metrics':
      return {
        // As OTLP wants it: its exporters never send again what was answered 400.
        status: 400,
        title: 'Not metrics of OpenTelemetry',
        detail:
          problem.encoding === 'protobuf'
            ? 'The body is no ExportMetricsServiceRequest in protobuf, so nothing was counted. For JSON, send Content-Type `application/json`.'
            : 'The body is no ExportMetricsServiceRequest in JSON with names in lowerCamelCase, so nothing was counted.',
      }
    case 'no_meter':
      return {
        status: 422,
        title: 'No meter',
        detail:
          'No meter in METERS has a `match`, so nothing says how these records count. Nothing was counted. Write a meter ' +
          'whose `match` they fulfil.',
      }
    case 'records_refused':
      return {
        status: 422,
        title: 'Not all counted',
        detail:
          'Records in `errors` were not counted, and will not be when they come again' +
          `${problem.more === 0 ? '' : `, nor will ${problem.more} more`}. All others were counted.`,
        more: errorsAndMore(problem.errors, problem.more),
      }
    case 'too_much':
      return { status: 413, title: 'Too much for one request', detail: tooMuch(problem) }
    case 'busy':
      return {
        status: 503,
        title: 'Busy',
        detail: `Nothing was counted, because this Worker reads ${LARGE_BODIES_MAX} other large bodies now. Send it again.`,
        retryAfterSeconds: LARGE_BODY_RETRY_SECONDS,
      }
    case 'delivery_not_counted':
      return {
        status: 503,
        title: 'Not all counted',
        detail:
          `${problem.refusedCount} increments were not counted, and ${problem.unknownCount} may have been. ` +
          `${problem.canRepeat ? 'Send the same request again: what was counted does not count twice.' : 'What has no name may count twice if you send it again.'} ` +
          `Reason: ${problem.reasons.join('; ')}.`,
        ...(problem.canRepeat ? RETRY_SOON : {}),
      }
  }
}

function tooMuch({ excess, field }: Extract<DeliveryProblem, { kind: 'too_much' }>): string {
  if (excess === 'records') {
    return `A request may have at most ${DELIVERY_RECORDS_MAX} records, so nothing was counted. Send several requests.`
  }
  const most =
    field === null
      ? 'Send several requests, or use fewer keys.'
      : field === 'at'
        ? 'The hours vary most: send requests of fewer hours.'
        : `The field \`${field}\` has the most values: leave it out of the key or shorten it, or send several requests.`
  return `These records add up to more than ${DELIVERY_CELLS_MAX} keys and hours, or to keys too long, so nothing was counted. ${most}`
}

export function bodyFault(fault: BodyFault): string {
  switch (fault.kind) {
    case 'cut_off':
      return 'The body ended too early. Send it again.'
    case 'gzip_cut_off':
      return 'The gzip of the body ends too early, so nothing was counted. Compress it anew and send it again.'
    case 'gzip_damaged':
      return 'The body is not valid gzip, so nothing was counted. Compress it with gzip, or leave out Content-Encoding.'
    case 'array_cut_off':
      return 'The JSON array in the body has no end, so nothing was counted. Send it whole.'
    case 'no_json':
      return 'No record in the body is JSON, so nothing was counted. Send NDJSON or a JSON array: in Fluent Bit, set `format json_lines`.'
    case 'not_utf8':
      return 'The body is not UTF-8. Encode it as UTF-8.'
    case 'not_json': {
      const where = fault.line === null ? 'The body' : `Line ${fault.line}`
      return fault.position === null
        ? `${where} is not valid JSON. Check that it is complete.`
        : `${where} is not valid JSON: see ${fault.position}.`
    }
  }
}
