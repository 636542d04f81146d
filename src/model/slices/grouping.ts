import type { Labels } from './slice.ts'
import { isOverflow, LABEL_MARK, labelsOf } from './slice.ts'

/** A condition on one label: it has one of these values. Null stands for having no such label. */
export type Where = { readonly name: string; readonly values: readonly (string | null)[] }

/** By what the slices of a key are put into groups, and which of them count at all. */
export type SliceGrouping = {
  /** The label whose values are the groups; null for one group of all that counts. */
  readonly by: string | null
  /** All of them must hold, each for another label. */
  readonly where: readonly Where[]
}

/** The name of a group: `=` and a value; or one of these two, which no value is. */
export const UNLABELLED_GROUP = ''
export const OVERFLOW_GROUP = '!'

/** The name of the group of those with this value. */
export function groupOf(value: string): string {
  return `=${value}`
}

/** The value of a group; undefined for the two groups that have none. */
export function valueOfGroup(group: string): string | undefined {
  return group.startsWith('=') ? group.slice(1) : undefined
}

/** A group of a subject (a key, or a prefix for all keys under it) as one text. Neither has a control character. */
export function groupName(subject: string, group: string): string {
  return `${subject}${LABEL_MARK}${group}`
}

/** The inverse of `groupName`; undefined for the name of a subject itself. */
export function parseGroupName(
  name: string,
): { readonly subject: string; readonly group: string } | undefined {
  const at = name.indexOf(LABEL_MARK)
  return at === -1 ? undefined : { subject: name.slice(0, at), group: name.slice(at + 1) }
}

/** Whether increments without any labels count. */
export function takesUnlabelled({ where }: SliceGrouping): boolean {
  return where.every(({ values }) => values.includes(null))
}

/**
 * The group that a slice counts in; undefined when it does not count. What overflowed has lost its labels, so no condition
 * holds for it. [L2]
 */
export function groupOfSlice(slice: string, { by, where }: SliceGrouping): string | undefined {
  if (isOverflow(slice)) return where.length === 0 ? OVERFLOW_GROUP : undefined
  const labels: Labels = labelsOf(slice) ?? {}
  const own = (name: string) => (Object.hasOwn(labels, name) ? (labels[name] ?? null) : null)
  if (!where.every(({ name, values }) => values.includes(own(name)))) return undefined
  const value = by === null ? null : own(by)
  return value === null ? UNLABELLED_GROUP : groupOf(value)
}
