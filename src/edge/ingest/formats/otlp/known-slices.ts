import {
  KNOWN_ATTRIBUTE_BYTES_MAX,
  KNOWN_SLICE_CHARACTERS_MAX,
  KNOWN_SLICES_MAX,
} from '../../../../limits.ts'
import { sliceWithin } from '../../../../model/slices/labels.ts'
import { hashOfBytes, KnownTexts } from '../../fast-path/known-texts.ts'
import { attributeLabels } from './labels.ts'
import type { Point } from './metric.ts'
import { readAttributes } from './protobuf.ts'

/**
 * The slices that points count in. An exporter sends the same label sets with each metric and at each interval, and to read,
 * sort and check the labels of a point takes ten times as long as all the rest. So the labels of some bytes are kept, and
 * the slice of a key and its labels: as one and the same text, whose hash V8 keeps with it. They change nothing but speed.
 */
export class KnownSlices {
  readonly #labels = new KnownTexts(labelsOfBytes)
  /** By key, and then by labels. */
  readonly #slices = new Map<string, Map<string, string>>()
  #count = 0
  #characters = 0

  /** The slice of a key that a point counts in: `sliceWithin` of the key and the point's labels. */
  sliceOf(key: string, point: Point): string {
    const labels = this.#labelsOf(point)
    return labels === '' ? key : (this.#slices.get(key)?.get(labels) ?? this.#learn(key, labels))
  }

  #labelsOf({ attributes, attributeBytes }: Point): string {
    if (attributeBytes === null) return ''
    if (attributeBytes === undefined) return attributeLabels(attributes())
    const { body, from, to } = attributeBytes
    const known = this.#labels
    return (
      known.texts[known.numberOf(body, from, to, hashOfBytes(body, from, to))] ??
      attributeLabels(attributes())
    )
  }

  #learn(key: string, labels: string): string {
    const slice = sliceWithin(key, labels)
    this.#count += 1
    this.#characters += key.length + labels.length + slice.length
    // All, because finding out which are still in use would cost more than learning those again.
    if (this.#count > KNOWN_SLICES_MAX || this.#characters > KNOWN_SLICE_CHARACTERS_MAX) {
      this.#slices.clear()
      this.#count = 0
      this.#characters = 0
    }
    const own = this.#slices.get(key) ?? new Map<string, string>()
    this.#slices.set(key, own.set(labels, slice))
    return slice
  }
}

/** Attributes of many bytes are not kept, so that a few do not take the place of all others. */
function labelsOfBytes({ buffer, byteOffset, byteLength }: DataView, from: number, to: number) {
  if (to - from > KNOWN_ATTRIBUTE_BYTES_MAX) return undefined
  return attributeLabels(readAttributes(new Uint8Array(buffer, byteOffset, byteLength), from, to))
}
