import { fail, ok } from '../../../model/result.ts'
import { readBody } from '../../http/bounded-body.ts'
import { withHeaders } from '../../http/headers.ts'
import { refuseQuery, TOKEN_PARAMETER } from '../../http/parameters.ts'
import type { Problem } from '../../http/problem.ts'
import { describeProblem } from '../../http/problem-words.ts'
import { ContentHash } from '../delivery/content-name.ts'
import { type Format, notCounted } from './format.ts'
import { type Encoding, encodeResponse, encodeStatus, MEDIA_TYPES } from './otlp/answer.ts'
import { countInto, noRefusals, refuseOthers } from './otlp/counting.ts'
import { readJson } from './otlp/json.ts'
import { readProtobuf } from './otlp/protobuf.ts'
import { partialOf } from './otlp/words.ts'
import { selectiveMeters } from './records/metering.ts'

/**
 * `POST /v1/metrics`: an ExportMetricsServiceRequest, answered in its own encoding. Source: the OTLP specification,
 * OTLP/HTTP.
 */
export const receiveMetrics: Format = async (request, { grant, meters, knownSlices, deliver }) => {
  const refused = refuseQuery(request.url, TOKEN_PARAMETER)
  if (refused !== undefined) return fail(refused)
  const encoding = encodingOf(request.headers)
  if (encoding === undefined) return fail(OTHER_TYPE)
  const refusals = noRefusals()
  const own = selectiveMeters(meters)
  const delivered = await deliver('otlp', async (gathering) => {
    const body = await readBody(request)
    if (!body.ok) return body
    const bytes = new Uint8Array(body.value)
    const hash = new ContentHash(
      grant.name,
      '/v1/metrics',
      JSON.stringify([METER, ...own.map(({ text }) => text)]),
    )
    hash.update(bytes)
    const visitor = countInto(gathering, refusals, knownSlices, own)
    const decoded = encoding === 'json' ? readJson(bytes, visitor) : readProtobuf(bytes, visitor)
    if (!decoded.ok) return fail({ kind: 'not_metrics', encoding })
    refuseOthers(gathering, refusals)
    return ok(hash.end())
  })
  if (!delivered.ok) return delivered
  const problem = notCounted(delivered.value)
  if (problem !== undefined) return fail(problem)
  return answer(encoding, 200, encodeResponse(encoding, partialOf(delivered.value, refusals)))
}

/** The meter of points that no other is for, as the names of requests have it. Whoever changes what it counts changes this. [N1] */
const METER = 'otel/{resource.service.name}/{metric} by attributes'

const OTHER_TYPE: Problem = {
  kind: 'unsupported_media_type',
  header: 'Content-Type',
  wanted: Object.values(MEDIA_TYPES),
}

function encodingOf(headers: Headers): Encoding | undefined {
  const type = (headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase()
  if (type === 'application/x-protobuf' || type === 'application/protobuf') return 'protobuf'
  return type === 'application/json' ? 'json' : undefined
}

/** A problem in the words of OTLP: a Status, in the request's encoding. The codes to retry are those of all problems. */
export function refuseMetrics(problem: Problem, request: Request): Response {
  const encoding = encodingOf(request.headers) ?? 'json'
  const { details, retryAfterSeconds, headers: more } = describeProblem(problem)
  const response = answer(encoding, details.status, encodeStatus(encoding, details.status, details.detail))
  for (const [name, value] of Object.entries(more ?? {})) response.headers.set(name, value)
  if (retryAfterSeconds !== undefined) response.headers.set('retry-after', String(retryAfterSeconds))
  return response
}

function answer(encoding: Encoding, status: number, body: Uint8Array | string): Response {
  return withHeaders(new Response(body, { status, headers: { 'content-type': MEDIA_TYPES[encoding] } }))
}
