import { describe, expect, test } from 'vitest'
import { awakeCost, describeAwakeCost } from '../../../src/local/deploy/cost.ts'

describe('what it costs to keep the database awake', () => {
  test('is all of the month up to an interval of 300 s, and the share of 300 s above it', () => {
    expect(awakeCost(5)).toEqual(awakeCost(300))
    expect(awakeCost(5).computeHours).toBe(182.5)
    expect(awakeCost(3600)).toMatchObject({ share: 1 / 12 })
    expect(describeAwakeCost(3600)).toContain('730 h a month x 300/3600 = 15.2 CU-hours: $1.61')
  })
})
