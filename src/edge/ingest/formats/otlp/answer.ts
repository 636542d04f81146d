import { PbfWriter } from 'pbf'

/** How a request of OTLP is written, and so its answer. */
export type Encoding = 'protobuf' | 'json'

export const MEDIA_TYPES: Readonly<Record<Encoding, string>> = {
  protobuf: 'application/x-protobuf',
  json: 'application/json',
}

/** The points of a request that were not counted, and why; with none rejected the message is a warning. */
export type PartialSuccess = { readonly rejected: number; readonly message: string }

/** An ExportMetricsServiceResponse. @param partial undefined when there is nothing to say. */
export function encodeResponse(encoding: Encoding, partial: PartialSuccess | undefined): Uint8Array | string {
  if (encoding === 'json')
    return JSON.stringify(partial === undefined ? {} : { partialSuccess: inJson(partial) })
  const pbf = new PbfWriter()
  if (partial !== undefined) {
    pbf.writeMessage(
      1,
      ({ rejected, message }, inner) => {
        if (rejected > 0) inner.writeVarintField(1, rejected)
        inner.writeStringField(2, message)
      },
      partial,
    )
  }
  return pbf.finish()
}

/** ProtoJSON writes 64-bit integers as texts. */
function inJson({ rejected, message }: PartialSuccess) {
  return rejected === 0
    ? { errorMessage: message }
    : { rejectedDataPoints: String(rejected), errorMessage: message }
}

/** Codes of google.rpc.Status that stand for a status of HTTP. Source: googleapis, google/rpc/code.proto. */
const CODES: ReadonlyMap<number, number> = new Map([
  [400, 3],
  [401, 16],
  [403, 7],
  [404, 5],
  [429, 8],
  [500, 13],
  [503, 14],
])

const INVALID_ARGUMENT = 3

/** A google.rpc.Status, the body of every answer that is not 200. */
export function encodeStatus(encoding: Encoding, httpStatus: number, message: string): Uint8Array | string {
  const code = CODES.get(httpStatus) ?? INVALID_ARGUMENT
  if (encoding === 'json') return JSON.stringify({ code, message })
  const pbf = new PbfWriter()
  pbf.writeVarintField(1, code)
  pbf.writeStringField(2, message)
  return pbf.finish()
}
