import { LABEL_NAME_BYTES_MAX, LABEL_VALUE_BYTES_MAX, LABELS_MAX, SLICE_BYTES_MAX } from '../../limits.ts'
import { utf8Bytes } from '../text/utf8.ts'
import type { Labels } from './slice.ts'
import { LABEL_MARK, OVERFLOW } from './slice.ts'

/** One fault of an increment's labels, in words for its sender. */
export type LabelFault = {
  /** The label that is at fault; undefined when it is all of them. */
  readonly name?: string
  readonly message: string
}

/** Whether it is an object of fields: a Map or a Date, which structured clone carries, has none. */
function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}

const NOT_AN_OBJECT = 'must be an object of texts, such as {"plan":"pro"}'

const NAME = /^[A-Za-z_][A-Za-z0-9_./-]*$/
const CONTROL = /\p{Cc}/u

/** Labels whose names begin so are Sumdial's own. */
const RESERVED = 'sumdial.'

/**
 * Why labels are refused; empty for good ones. At most one fault for each label, and at most one for all of them
 * together.
 */
export function labelFaults(labels: unknown): readonly LabelFault[] {
  if (!isPlain(labels)) return [{ message: NOT_AN_OBJECT }]
  const entries = Object.entries(labels)
  if (entries.length > LABELS_MAX) {
    return [{ message: `may have at most ${LABELS_MAX} labels, and has ${entries.length}` }]
  }
  return entries.flatMap(([name, value]) => {
    const message = labelNameFault(name) ?? labelValueFault(value)
    return message === undefined ? [] : [{ name: name.slice(0, LABEL_NAME_BYTES_MAX), message }]
  })
}

/** Whether labels are good. */
export function areLabels(labels: unknown): labels is Labels {
  return labelFaults(labels).length === 0
}

/** Why a label's name is refused; undefined for a good one. */
export function labelNameFault(name: string): string | undefined {
  if (name.length > LABEL_NAME_BYTES_MAX) return `has a name of more than ${LABEL_NAME_BYTES_MAX} characters`
  if (!NAME.test(name)) return NAMES
  return name.startsWith(RESERVED)
    ? `has a name that begins with ${RESERVED}, which is Sumdial's own`
    : undefined
}

const NAMES =
  'has a name of another form: it must begin with a letter or _, and go on with letters, digits and _ . / - only'

/** Why a label's value is refused; undefined for a good one. */
export function labelValueFault(value: unknown): string | undefined {
  if (typeof value !== 'string') return 'must be a string'
  if (value === '') return 'must not be empty: leave the label out'
  if (!value.isWellFormed() || CONTROL.test(value)) {
    return 'must be well-formed Unicode without control characters'
  }
  const bytes = utf8Bytes(value)
  return bytes > LABEL_VALUE_BYTES_MAX
    ? `must have at most ${LABEL_VALUE_BYTES_MAX} bytes of UTF-8, and has ${bytes}`
    : undefined
}

/**
 * The slice that an increment counts in: its key's overflow slice where key and labels are too long together. [L2]
 *
 * @param labels in `labelsText`'s form.
 */
export function sliceWithin(key: string, labels: string): string {
  return key + (labels === '' || sliceFault(key, labels) === undefined ? labels : OVERFLOW)
}

/** Bytes that JSON needs for U+001F, which it escapes. */
const MARK_BYTES = 6

/** Why a key and its labels are too long together; undefined when they are not. @param labels in `labelsText`'s form. */
export function sliceFault(key: string, labels: string): string | undefined {
  // A code unit takes three bytes at most. Nearly all are so short, and nothing has to look at each character.
  if (3 * (key.length + labels.length) + MARK_BYTES * LABELS_MAX <= SLICE_BYTES_MAX) return undefined
  const bytes = utf8Bytes(key) + utf8Bytes(labels) + (MARK_BYTES - 1) * (labels.split(LABEL_MARK).length - 1)
  return bytes > SLICE_BYTES_MAX
    ? `must have at most ${SLICE_BYTES_MAX} bytes together with the key, and have ${bytes}`
    : undefined
}
