import { z } from 'zod'
import { DELIVERY_BYTES_MAX, RECORD_FAULTS_TOLD_MAX, RECORDS_PAUSE_BYTES } from '../../../limits.ts'
import type { Meter } from '../../../model/meter/meter.ts'
import type { Result } from '../../../model/result.ts'
import { fail, ok } from '../../../model/result.ts'
import { bodyPieces, brokenBody, compressionOf } from '../../http/bounded-body.ts'
import type { Problem } from '../../http/problem.ts'
import { ContentHash, type ContentName } from '../delivery/content-name.ts'
import type { Delivered } from '../delivery/delivery.ts'
import type { Gathering } from '../delivery/gathering.ts'
import type { Body } from '../delivery/large-bodies.ts'
import type { Format, FormatServices } from './format.ts'
import { conflictsOf, notCounted } from './format.ts'
import { Metering } from './records/metering.ts'
import { compressionRefused, metersOf } from './records/query.ts'
import { Splitter } from './records/splitter.ts'

const count = (description: string) => z.int().min(0).meta({ description })

/** The answer to records. */
export const recordedSchema = z
  .strictObject({
    records: count('Read.'),
    accepted: count('Increments that were counted, durably.'),
    duplicates: count('Increments that were counted before: of the same ids, or of the same bytes.'),
    zeros: count('Increments of 0, which count nothing.'),
    unmatched: count('Records that no meter is for.'),
    refused: count('Records and increments that were not counted, and never will be.'),
    errors: z.array(z.strictObject({ index: z.int().min(0), path: z.string(), message: z.string() })).meta({
      description: `The first ${RECORD_FAULTS_TOLD_MAX} faults, each with the place of its record.`,
    }),
    names: z.enum(['ids', 'content', 'none']).meta({
      description:
        'How sending the same again is kept from counting again: by the ids of records, and their content where they have none; ' +
        'by the content of the whole request; or not at all.',
    }),
    note: z.string().optional(),
  })
  .meta({ id: 'Recorded' })

/** `POST /records`: NDJSON or JSON of any objects, counted by meters while they are read. */
export const receiveRecords: Format = async (request, services) => {
  const meters = metersOf(request.url, services.meters)
  if (!meters.ok) return meters
  const body = services.largeBodies.begin()
  try {
    const delivered = await services.deliver('records', (gathering) =>
      readRecords(request, gathering, meters.value, body, services),
    )
    return delivered.ok ? answerOf(delivered.value) : delivered
  } finally {
    // The memory is free once all has been sent.
    body[Symbol.dispose]()
  }
}

async function readRecords(
  request: Request,
  gathering: Gathering,
  meters: readonly Meter[],
  body: Body,
  { grant, clock }: FormatServices,
): Promise<Result<ContentName | null, Problem>> {
  const compression = compressionOf(request.headers)
  if (!compression.ok) return compressionRefused()
  if (Number(request.headers.get('content-length')) > DELIVERY_BYTES_MAX) return fail(TOO_LARGE)
  const metering = new Metering(gathering, meters)
  const splitter = new Splitter(metering)
  const hash = new ContentHash(grant.name, '/records', JSON.stringify(meters.map(({ text }) => text)))
  let pausedBytes = 0
  try {
    for await (const piece of bodyPieces(request, compression.value)) {
      hash.update(piece)
      if (hash.bytes > DELIVERY_BYTES_MAX) return fail(TOO_LARGE)
      if (!body.grow(hash.bytes)) return fail({ kind: 'busy' })
      splitter.push(piece)
      if (gathering.excess !== undefined) return ok(null)
      if (hash.bytes < pausedBytes + RECORDS_PAUSE_BYTES) continue
      pausedBytes = hash.bytes
      // Others are served in between.
      await clock.sleep(0)
    }
  } catch (error) {
    return unreadable(error)
  }
  if (!splitter.end()) return fail({ kind: 'unreadable', fault: { kind: 'array_cut_off' } })
  // Whoever sends another format, as Fluent Bit does by default, hears of it, because few look into a 202.
  const { records } = gathering
  if (records > 0 && metering.unreadable === records) return fail(NO_JSON)
  // A single record without an id is not named by its content: two equal views in a second are two. [N1]
  return ok(records === 1 ? null : hash.end())
}

const TOO_LARGE: Problem = { kind: 'body_too_large', bytesMax: DELIVERY_BYTES_MAX }

const NO_JSON: Problem = { kind: 'unreadable', fault: { kind: 'no_json' } }

function unreadable(error: unknown): Result<never, Problem> {
  const broken = brokenBody(error)
  return fail(broken.kind === 'malformed_json' ? { kind: 'unreadable', fault: broken.fault } : broken)
}

function answerOf(delivered: Delivered): Result<z.infer<typeof recordedSchema>, Problem> {
  const problem = notCounted(delivered)
  if (problem !== undefined) return fail(problem)
  const { records, accepted, duplicates, zeros, unmatched, refused, conflicts, faults, names } = delivered
  return ok({
    records,
    accepted,
    duplicates,
    zeros,
    unmatched,
    refused: refused + conflicts,
    errors: [...faults, ...conflictsOf(delivered)].slice(0, RECORD_FAULTS_TOLD_MAX),
    names,
    ...(delivered.hasDroppedIds ? { note: IDS_DROPPED } : {}),
  })
}

const IDS_DROPPED =
  'The ids of these records were not used, because there are too many in one request: it counts once as a whole.'
