import { describe, expect, test } from 'vitest'
import { expectViews, loaded, stage, useSite, visit } from './visits.ts'

useSite()

describe('a page with the tag of docs/pages.md', () => {
  test.each([
    ['has no beacon', 'delete Navigator.prototype.sendBeacon'],
    ['takes no beacon', 'Navigator.prototype.sendBeacon = () => false'],
  ])('[S3] sends a view as a picture alone where the browser %s', async (_, init) => {
    const visitor = await visit({ init })
    await loaded(visitor.page, '/a')
    await expectViews(visitor, { '/a': 1 })
    expect(visitor.sent).toEqual(['GET /a'])
  })

  // A Chromium without a window prerenders nothing and keeps no page, so its pages are told that it did.
  test('counts a page that is prerendered when it is seen, and not before', async () => {
    const init = `let isAhead = true
      Object.defineProperty(Document.prototype, 'prerendering', { get: () => isAhead })
      addEventListener('seen', () => { isAhead = false; document.dispatchEvent(new Event('prerenderingchange')) })`
    const visitor = await visit({ init })
    await loaded(visitor.page, '/a')
    expect(visitor.sent).toEqual([])
    for (const _ of [1, 2]) await visitor.page.evaluate("dispatchEvent(new Event('seen'))")
    await expectViews(visitor, { '/a': 1 })
    expect(visitor.sent).toEqual(['POST /a'])
  })

  test('counts a return to a page that the browser kept', async () => {
    const visitor = await visit()
    await loaded(visitor.page, '/a')
    for (const persisted of [true, false, true]) {
      await visitor.page.evaluate(
        `dispatchEvent(new PageTransitionEvent('pageshow', { persisted: ${persisted} }))`,
      )
    }
    await expectViews(visitor, { '/a': 3 })
  })

  test('counts what is behind # with data-hash', async () => {
    const visitor = await visit({ more: 'data-hash' })
    await loaded(visitor.page, '/app')
    await visitor.page.evaluate("location.hash = '#/settings'")
    await expectViews(visitor, { '/app': 1, '/app#/settings': 1 })
  })

  test('counts a page in a tab behind when it comes forward', async () => {
    const init = `let state = 'hidden'
      Object.defineProperty(Document.prototype, 'visibilityState', { get: () => state })
      addEventListener('forward', () => { state = 'visible'; document.dispatchEvent(new Event('visibilitychange')) })`
    const visitor = await visit({ init })
    await loaded(visitor.page, '/a')
    await loaded(visitor.page, '/b')
    expect(visitor.sent).toEqual([])
    for (const _ of [1, 2]) await visitor.page.evaluate("dispatchEvent(new Event('forward'))")
    await expectViews(visitor, { '/b': 1 })
    expect(visitor.sent).toEqual(['POST /b'])
  })

  test.each([
    [
      'a program drives',
      { init: "Object.defineProperty(Navigator.prototype, 'webdriver', { get: () => true })" },
    ],
    ['is a robot that says so', { userAgent: 'Mozilla/5.0 (compatible; Googlebot/2.1)' }],
  ])('does not count a browser that %s', async (_, how) => {
    const visitor = await visit(how)
    await loaded(visitor.page, '/a')
    const asked = await visitor.page.evaluate(() =>
      performance.getEntriesByType('resource').map(({ name }) => name),
    )
    expect(asked).toEqual([`${stage.url}/hit.js`])
    expect(visitor.sent).toEqual([])
  })
})
