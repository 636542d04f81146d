import { LABELS_MAX } from '../../../../limits.ts'
import { fitLabel } from '../../../../model/meter/fit-key.ts'
import { labelNameFault } from '../../../../model/slices/labels.ts'
import { sha256 } from '../records/metering.ts'
import type { Attributes } from './metric.ts'

/**
 * A point's attributes as labels, in `labelsText`'s form: the first ones by name, of those that are a text, a number, true or
 * false and whose names labels can have. Whoever needs others writes a meter.
 */
export function attributeLabels(attributes: Attributes): string {
  let text = ''
  let taken = 0
  for (const name of Object.keys(attributes).sort()) {
    if (taken === LABELS_MAX) break
    const value = attributes[name]
    if (typeof value === 'object' || value === undefined || labelNameFault(name) !== undefined) continue
    text += fitLabel(name, String(value), sha256)
    taken += 1
  }
  return text
}
