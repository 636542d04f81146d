import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fitLabels } from '../../../src/model/meter/fit-key.ts'
import { compileMeter } from '../../../src/model/meter/meter.ts'
import { labelFaults } from '../../../src/model/slices/labels.ts'
import { labelsOf, labelsText } from '../../../src/model/slices/slice.ts'
import { goodOf } from '../../support/result.ts'

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

const LABELS = { country: '{geo.country|lower}', kind: '{kind}', fixed: 'yes' }

const meterOf = (labels: Record<string, string> | undefined) =>
  goodOf(compileMeter({ key: 'visits/{site}', labels }))

describe('the labels of a meter', () => {
  test('are read from the record; a label whose field is missing or empty is left out', () => {
    const meter = meterOf(LABELS)
    const read = (record: object) => meter.read({ site: 'a', ...record })
    expect(read({ geo: { country: 'DE' }, kind: 'in' })).toMatchObject({
      labels: { country: 'de', kind: 'in', fixed: 'yes' },
    })
    expect(read({ kind: '' })).toMatchObject({ kind: 'increment', labels: { fixed: 'yes' } })
    expect(meterOf(undefined).read({ site: 'a' })).toMatchObject({ labels: undefined })
    expect(meter.fields.map(({ name }) => name)).toContain('kind')
  })

  test('[N1] change what a meter counts, and a meter without any keeps the name that it had', () => {
    expect(meterOf(LABELS).text).not.toBe(meterOf({ ...LABELS, fixed: 'no' }).text)
    expect(meterOf({ b: '{b}', a: '{a}' }).text).toBe(meterOf({ a: '{a}', b: '{b}' }).text)
    expect(meterOf(undefined).text).toBe(meterOf({}).text)
  })

  test('are refused by name when they cannot be', () => {
    const faults = (labels: Record<string, string>) => {
      const meter = compileMeter({ key: 'k/{a}', labels })
      return meter.ok ? [] : meter.error
    }
    expect(faults({ '1x': '{a}' })).toMatchObject([{ field: 'labels' }])
    expect(faults({ x: '{a' })).toMatchObject([{ field: 'labels', message: expect.stringContaining('x: ') }])
    const nine = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`n${i}`, '{a}']))
    expect(faults(nine)).toMatchObject([{ message: 'may have at most 8 labels' }])
  })

  test('are fit to be counted, whatever strangers put into the fields', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), fc.string({ maxLength: 5 }), (a, b) => {
        const labels = labelsOf(fitLabels({ a, b }, sha256)) ?? {}
        expect(labelFaults(labels)).toEqual([])
        expect(Object.keys(labels)).toEqual([...(a === '' ? [] : ['a']), ...(b === '' ? [] : ['b'])])
      }),
    )
    const [one, other] = ['1', '2'].map((end) => fitLabels({ a: 'x'.repeat(200) + end }, sha256))
    expect(one).not.toBe(other)
    expect(fitLabels({ plan: 'pro' }, sha256)).toBe(labelsText({ plan: 'pro' }))
  })
})
