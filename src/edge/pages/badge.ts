import { html } from 'hono/html'
import { z } from 'zod'
import { BADGE_LABEL_CHARACTERS_MAX, BADGE_SECONDS } from '../../limits.ts'
import { EMPTY_CELL, mergeCells } from '../../model/cell.ts'
import { addHours, type Hour, type HourRange, hourOf } from '../../model/hour.ts'
import { check, covers, keyFault } from '../../model/key.ts'
import type { Result } from '../../model/result.ts'
import { fail, ok } from '../../model/result.ts'
import { shorten } from '../../model/text/short-number.ts'
import { TOO_MANY_REQUESTS } from '../http/admission.ts'
import type { EdgeContext } from '../http/context.ts'
import { hasDotSegment, parseParameters } from '../http/parameters.ts'
import type { Problem } from '../http/problem.ts'
import type { IsWithinLimit } from '../http/rate-limit.ts'
import type { Answer } from '../http/router.ts'
import type { Database, Ports } from '../ports.ts'

/** The hours of each range, the current one included; null for all hours. */
const RANGES = { '24h': 24, '7d': 7 * 24, '30d': 30 * 24, total: null } as const

type BadgeRange = keyof typeof RANGES

const WORDS: Readonly<Record<BadgeRange, string>> = {
  '24h': 'last 24 hours',
  '7d': 'last 7 days',
  '30d': 'last 30 days',
  total: 'total',
}

const parametersSchema = z.strictObject({
  label: z.string().check(check(labelFault)).optional(),
  range: z
    .enum(Object.keys(RANGES) as BadgeRange[], { error: `must be one of ${Object.keys(RANGES).join(', ')}` })
    .default('30d'),
})

/** Why a label is refused, undefined for a good one. XML cannot contain control characters. */
function labelFault(label: string): string | undefined {
  if (label.length > BADGE_LABEL_CHARACTERS_MAX)
    return `must have at most ${BADGE_LABEL_CHARACTERS_MAX} characters`
  return /[\p{Cc}\p{Cs}\uFFFE\uFFFF]/u.test(label) ? 'must not contain control characters' : undefined
}

type BadgeServices = {
  readonly ports: Pick<Ports, 'config' | 'clock' | 'database' | 'cache'>
  readonly isWithinLimit: IsWithinLimit
}

/**
 * `GET /badge/{key}.svg`: a key's sum as a picture, for keys under PUBLIC_PREFIXES only. Everyone may ask for it, so
 * each address has a limit, and answers are kept in the platform's cache.
 */
export async function badge(c: EdgeContext, { ports, isWithinLimit }: BadgeServices): Promise<Answer> {
  const { config, clock, database, cache } = ports
  const address = c.req.header('cf-connecting-ip') ?? ''
  // No token's name has a line feed, so badges share no limit with a token.
  if (!(await isWithinLimit(`\nbadge\n${address}`))) return fail(TOO_MANY_REQUESTS)
  const query = parseBadge(c.req.raw.url, config.publicPrefixes)
  if (!query.ok) return query
  const { key, range, label } = query.value
  // A GET even when this is a HEAD, because the cache keeps answers to GETs.
  const request = new Request(c.req.raw.url)
  const kept = await cache.match(request)
  if (kept !== undefined) return new Response(kept.body, kept)
  const summed = await sumOf(key, rangeOf(range, clock.now()), database)
  if (!summed.ok) return summed
  const sum = summed.value
  const title = `${key}, ${WORDS[range]}: ${sum}`
  // Two characters may be in a key and not in XML.
  const svg = String(picture(label, shorten(sum), title)).replace(/[\uFFFE\uFFFF]/g, '\uFFFD')
  const answer = c.body(svg, 200, HEADERS)
  c.executionCtx.waitUntil(cache.put(request, answer.clone()))
  return answer
}

const HEADERS = {
  'content-type': 'image/svg+xml; charset=utf-8',
  'cache-control': `public, max-age=${BADGE_SECONDS}`,
  'access-control-allow-origin': '*',
  'cross-origin-resource-policy': 'cross-origin',
}

const NOT_PUBLIC = fail<Problem>({ kind: 'not_found', missing: { kind: 'badge' } })

type BadgeQuery = { readonly key: string; readonly range: BadgeRange; readonly label: string }

/** Checks a badge's URL. Keys that are not public get the same 404 whether or not they exist. */
function parseBadge(url: string, publicPrefixes: readonly string[]): Result<BadgeQuery, Problem> {
  const { pathname, search } = new URL(url)
  const key = keyOf(pathname)
  if (key === undefined || keyFault(key) !== undefined || hasDotSegment(url)) return NOT_PUBLIC
  if (!publicPrefixes.some((prefix) => covers(prefix, key))) return NOT_PUBLIC
  const parsed = parseParameters(search, parametersSchema)
  if (!parsed.ok) return parsed
  const { range, label = labelOf(key) } = parsed.value
  return ok({ key, range, label })
}

/** The last segment of a key, shortened. */
function labelOf(key: string): string {
  const characters = [...key.slice(key.lastIndexOf('/') + 1)]
  return characters.length > BADGE_LABEL_CHARACTERS_MAX
    ? `${characters.slice(0, BADGE_LABEL_CHARACTERS_MAX - 1).join('')}\u2026`
    : characters.join('')
}

function keyOf(pathname: string): string | undefined {
  const path = /^\/badge\/(.+)\.svg$/s.exec(pathname)?.[1]
  try {
    return path === undefined ? undefined : decodeURIComponent(path)
  } catch {
    return undefined
  }
}

function rangeOf(range: BadgeRange, nowMs: number): HourRange {
  const to = addHours(hourOf(nowMs), 1)
  const hours = RANGES[range]
  return { from: hours === null ? (0 as Hour) : addHours(to, -hours), to }
}

async function sumOf(
  key: string,
  { from, to }: HourRange,
  database: Pick<Database, 'readCommitted'>,
): Promise<Result<bigint, Problem>> {
  const { counters, unreadable } = await database.readCommitted({
    keys: [key],
    buckets: [from],
    to,
    writers: [],
  })
  if (unreadable.length > 0) return fail({ kind: 'unreadable_rows', rows: unreadable })
  return ok([...(counters.get(key)?.cells.values() ?? [])].reduce(mergeCells, EMPTY_CELL).sum)
}

/** The SVG. Widths are guessed, because nothing here can measure fonts; `textLength` then fits the text to the guess. */
function picture(label: string, value: string, title: string) {
  const [labelWidth, valueWidth] = [widthOf(label), widthOf(value)]
  const width = labelWidth + valueWidth
  const text = (words: string, x: number, own: number) =>
    html`<text x="${x + own / 2}" y="14" textLength="${own - 2 * PADDING}" lengthAdjust="spacingAndGlyphs">${words}</text>`
  return html`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="20" role="img" aria-label="${title}">
<title>${title}</title>
<clipPath id="round"><rect width="${width}" height="20" rx="4"/></clipPath>
<g clip-path="url(#round)"><rect width="${labelWidth}" height="20" fill="#4b5563"/><rect x="${labelWidth}" width="${valueWidth}" height="20" fill="#0f766e"/></g>
<g fill="#fff" font-family="system-ui,-apple-system,Segoe UI,Helvetica,Arial,sans-serif" font-size="11" text-anchor="middle">
${text(label, 0, labelWidth)}${text(value, labelWidth, valueWidth)}
</g></svg>`
}

const PADDING = 6

/** A guess for 11 px in a proportional font: 6.2 px for each character, and twice that beyond U+2E7F, as in Chinese. */
function widthOf(text: string): number {
  const characters = [...text].reduce((sum, character) => sum + (character > '\u{2e7f}' ? 2 : 1), 0)
  return Math.round(characters * 6.2) + 2 * PADDING
}
