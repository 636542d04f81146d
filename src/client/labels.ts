import { LABEL_NAME_CHARS_MAX, LABEL_VALUE_BYTES_MAX, LABELS_MAX, SLICE_BYTES_MAX } from './limits.ts'
import { checkText, utf8Bytes } from './text.ts'

/** Texts by name that an increment can be broken down by, such as `{ plan: 'pro' }`. */
export type Labels = Readonly<Record<string, string>>

const NAME = /^(?!sumdial\.)[A-Za-z_][A-Za-z0-9_./-]*$/

/** Bytes of the server's own beside each label: it counts six for a mark, and one for the `=`. */
const MARK_BYTES = 7

/** @throws TypeError for labels that no server would take. */
export function checkLabels(labels: Labels, key: string): void {
  // The fields of a Map or a Date are none, so it would count without labels. An object of another realm has another prototype.
  if (Object.prototype.toString.call(labels) !== '[object Object]') {
    throw new TypeError("labels must be an object of texts, such as { plan: 'pro' }")
  }
  const entries = Object.entries(labels)
  if (entries.length > LABELS_MAX) throw new TypeError(`there may be at most ${LABELS_MAX} labels`)
  let bytes = utf8Bytes(key)
  for (const [name, value] of entries) {
    if (!NAME.test(name) || name.length > LABEL_NAME_CHARS_MAX) {
      throw new TypeError(
        `${JSON.stringify(name.slice(0, LABEL_NAME_CHARS_MAX))} is not the name of a label: ${NAMES}`,
      )
    }
    checkText(`the label ${name}`, value, LABEL_VALUE_BYTES_MAX)
    bytes += name.length + utf8Bytes(value) + MARK_BYTES
  }
  if (bytes > SLICE_BYTES_MAX) {
    throw new TypeError(
      `key and labels must have at most ${SLICE_BYTES_MAX} bytes together, and have ${bytes}`,
    )
  }
}

const NAMES =
  'it begins with a letter or _, goes on with letters, digits and _ . / -, has at most ' +
  `${LABEL_NAME_CHARS_MAX} characters, and does not begin with sumdial.`
