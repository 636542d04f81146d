/**
 * A slice: a key together with one set of labels, as one text. The shard's path carries slices where it carries keys, so
 * a labelled cell is merged, journaled, frozen, halved and parked like any other. A key without labels is its own slice.
 *
 * `key` U+001F `name=value` U+001F ..., names in the order of their bytes. Neither keys nor labels have control
 * characters, and names have no `=`, so the text is unambiguous. All slices of a key follow it in any order that compares
 * code units or bytes, with no other key between them.
 */

/** Stands before each label in a slice's text. */
export const LABEL_MARK = '\u001f'

/** Labels by their names. */
export type Labels = Readonly<Record<string, string>>

/** The text of labels, which stands behind the key in a slice's text; empty without labels. @param labels checked by `labelFaults`. */
export function labelsText(labels: Labels | undefined): string {
  if (labels === undefined) return ''
  // Names are ASCII, so code units sort as bytes do.
  const names = Object.keys(labels).sort()
  return names.map((name) => `${LABEL_MARK}${name}=${labels[name]}`).join('')
}

/** The key of a slice. */
export function keyOf(slice: string): string {
  const end = slice.indexOf(LABEL_MARK)
  return end === -1 ? slice : slice.slice(0, end)
}

/** The part of a slice behind its key: the inverse of adding `labelsText` to a key. */
export function labelsTextOf(slice: string): string {
  const end = slice.indexOf(LABEL_MARK)
  return end === -1 ? '' : slice.slice(end)
}

export function isLabelled(slice: string): boolean {
  return slice.includes(LABEL_MARK)
}

/** Whether a slice is the key itself, or the key with labels. */
export function isSliceOf(slice: string, key: string): boolean {
  return slice.startsWith(key) && (slice.length === key.length || slice[key.length] === LABEL_MARK)
}

/** The labels of a slice, or of what `labelsText` made; undefined without labels. */
export function labelsOf(slice: string): Labels | undefined {
  const [, ...labels] = slice.split(LABEL_MARK)
  if (labels.length === 0) return undefined
  // A name such as __proto__ is an own property here.
  return Object.fromEntries(
    labels.map((label) => {
      const end = label.indexOf('=')
      return [label.slice(0, end), label.slice(end + 1)]
    }),
  )
}

/**
 * The labels' text of a key's overflow slice, which has the increments that came with one label set too many. No client can
 * name it, because labels that begin with `sumdial.` are refused. [L2]
 */
export const OVERFLOW_LABEL = 'sumdial.overflow'
export const OVERFLOW = labelsText({ [OVERFLOW_LABEL]: 'true' })

/** Whether a slice is its key's overflow slice. */
export function isOverflow(slice: string): boolean {
  return slice.endsWith(OVERFLOW)
}
