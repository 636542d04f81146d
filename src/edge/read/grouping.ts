import { z } from 'zod'
import { BUCKETS_MAX, GROUPS_DEFAULT, GROUPS_MAX, WHERES_MAX } from '../../limits.ts'
import { check } from '../../model/key.ts'
import type { Result } from '../../model/result.ts'
import { ok } from '../../model/result.ts'
import type { SliceGrouping, Where } from '../../model/slices/grouping.ts'
import { labelNameFault, labelValueFault } from '../../model/slices/labels.ts'
import { invalid, wholeText } from '../http/parameters.ts'
import type { Problem } from '../http/problem.ts'

/** A checked question for groups of slices, and how many groups are shown. */
export type GroupingQuery = { readonly grouping: SliceGrouping; readonly limit: number }

const nameText = z.string({ error: 'must be the name of a label' }).check(check(labelNameFault))

/** The parameters of a read that breaks its sums down by labels. */
export const groupingParameters = {
  by: nameText.optional().meta({
    description:
      'Breaks the sums down by the values of this label: the largest groups, `others`, `unlabelled` and `overflow`, which ' +
      'add up to the total.',
    example: 'plan',
  }),
  where: z
    .array(z.string({ error: 'must be a text or an array of texts' }).check(check(whereFault)))
    .max(WHERES_MAX, `may be given at most ${WHERES_MAX} times`)
    .optional()
    .meta({
      description:
        'Counts only what has this label: `plan:pro`, split at the first `:`. Different names are all required, the same name ' +
        'again is an alternative, and `plan:` means that it has no such label.',
      example: ['region:eu'],
    }),
  limit: wholeText(1, GROUPS_MAX)
    .optional()
    .meta({
      description: `The most groups to show; ${GROUPS_DEFAULT} by default. Only with \`by\`.`,
    }),
}

function whereFault(text: string): string | undefined {
  const end = text.indexOf(':')
  if (end === -1) return 'must be a name and a value such as plan:pro'
  const value = text.slice(end + 1)
  return labelNameFault(text.slice(0, end)) ?? (value === '' ? undefined : labelValueFault(value))
}

/** Conditions from checked texts. */
export function whereOf(texts: readonly string[]): Where[] {
  const byName = Map.groupBy(texts, (text) => text.slice(0, text.indexOf(':')))
  return Array.from(byName, ([name, own]) => {
    const values = own.map((text) => text.slice(name.length + 1))
    return { name, values: values.map((value) => (value === '' ? null : value)) }
  })
}

/**
 * Checks the parameters of a read that breaks its sums down.
 *
 * @param buckets of all subjects together.
 * @returns undefined for a read that asks for keys as they are.
 */
export function parseGrouping(
  {
    by,
    where = [],
    limit,
  }: {
    readonly by?: string | undefined
    readonly where?: readonly string[] | undefined
    readonly limit?: number | undefined
  },
  buckets: number,
): Result<GroupingQuery | undefined, Problem> {
  if (by === undefined) {
    if (limit !== undefined) return invalid('limit', 'requires `by`')
    return ok(where.length === 0 ? undefined : { grouping: { by: null, where: whereOf(where) }, limit: 1 })
  }
  const fits = Math.floor(BUCKETS_MAX / Math.max(1, buckets)) - UNGROUPED
  const asked = limit ?? GROUPS_DEFAULT
  if (asked > fits) return invalid('limit', tooMany(asked, fits))
  return ok({ grouping: { by, where: whereOf(where) }, limit: asked })
}

/** The buckets that an answer has beside those of groups: others, unlabelled and overflow. */
const UNGROUPED = 3

function tooMany(asked: number, fits: number): string {
  const limit = `an answer has at most ${BUCKETS_MAX} buckets over all groups`
  if (fits < 1) return `has no room: ${limit}. Ask for fewer keys, a shorter range or larger buckets`
  return `is ${asked}, and ${limit}: ask for at most ${fits}`
}
