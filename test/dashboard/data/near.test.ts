import { describe, expect, test } from 'vitest'
import { beginningsOf, nearestOf } from '../../../src/dashboard/data/near.ts'

const KNOWN = ['site/acme/home', 'site/acme/pricing', 'site/acme/Hone', 'site/other', 'downloads/cli']

describe('a mistyped key', () => {
  test.each([
    ['site/acme/hmoe', ['site/acme/Hone', 'site/acme/home']],
    ['site/acme/prcing', ['site/acme/pricing']],
    ['downloads/CLI', ['downloads/cli']],
    ['nothing/like/it/anywhere', []],
  ])('is near to keys that differ in a few letters, the nearest first: %s', (key, near) => {
    expect(nearestOf(key, KNOWN).toSorted()).toEqual(near.toSorted())
  })

  test('is never its own neighbour, and has five at most', () => {
    const many = Array.from({ length: 20 }, (_, i) => `site/${i}`)
    expect(nearestOf('site/7', many)).toHaveLength(5)
    expect(nearestOf('site/7', many)).not.toContain('site/7')
  })

  test('is looked for by its own segments first, and then by fewer, in three questions at most', () => {
    expect(beginningsOf('site/acme/home')).toEqual(['site/acme/', 'site/', ''])
    expect(beginningsOf('a/b/c/d/e')).toEqual(['a/b/c/d/', 'a/b/c/', ''])
    expect(beginningsOf('home')).toEqual([''])
  })
})
