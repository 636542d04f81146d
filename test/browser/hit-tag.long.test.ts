import { describe, expect, test } from 'vitest'
import { expectViews, loaded, site, stage, sums, TOKENS, useSite, visit } from './visits.ts'

useSite()

describe('a page with the tag of docs/pages.md', () => {
  test('[S3] sends each view once, as a beacon, and keeps nothing in the browser', async () => {
    const visitor = await visit()
    await loaded(visitor.page, '/pricing?utm_source=mail')
    await loaded(visitor.page, '/')
    await loaded(visitor.page, '/caf%C3%A9/')
    await expectViews(visitor, { '/pricing': 1, '/(home)': 1, '/café': 1 })
    expect(visitor.sent).toEqual(['POST /pricing', 'POST /(home)', 'POST /caf%C3%A9'])
    expect(await visitor.context.cookies([site.url, stage.url])).toEqual([])
    const kept = await visitor.page.evaluate('[localStorage.length, sessionStorage.length, document.cookie]')
    expect(kept).toEqual([0, 0, ''])
  })

  test('counts the steps within a single-page application, and no step to where it is', async () => {
    const visitor = await visit()
    const { page } = visitor
    await loaded(page, '/a')
    await page.evaluate(`
      history.pushState({}, '', '/b')
      history.pushState({}, '', '/b?tab=2')
      history.replaceState({}, '', '/c')
      location.hash = 'here'`)
    await page.goBack()
    await page.goBack()
    await page.goBack()
    await expectViews(visitor, { '/a': 2, '/b': 2 })
  })

  test("[S3] gives away nothing but 1 more: its token is tried for everything, from the page's own origin", async () => {
    const visitor = await visit()
    await loaded(visitor.page, '/a')
    const tried = await visitor.page.evaluate(
      async ([worker, key, token]) => {
        const item = JSON.stringify([{ key: `${key}/forged`, value: 1_000 }])
        const authorization = `Bearer ${token}`
        const address = `?access_token=${token}`
        const tries: [string, RequestInit][] = [
          [
            '/increment',
            { method: 'POST', body: item, headers: { authorization, 'content-type': 'application/json' } },
          ],
          [`/increment${address}`, { method: 'POST', body: item, mode: 'no-cors' }],
          [`/hit/${key}/forged${address}&value=1000`, { method: 'POST', mode: 'no-cors' }],
          [`/hit/other/forged${address}`, { method: 'POST', mode: 'no-cors' }],
          [`/counters/${key}/a`, { headers: { authorization } }],
          [`/keys${address}&prefix=site`, {}],
          ['/session', { method: 'POST', headers: { authorization }, credentials: 'include' }],
          [`/session${address}`, { method: 'POST', mode: 'no-cors', credentials: 'include' }],
          ['/parked/discard', { method: 'POST', headers: { authorization }, body: '{}' }],
        ]
        return Promise.all(
          tries.map(([path, init]) =>
            fetch(`${worker}${path}`, init).then(
              ({ type, status }) => `${type} ${status}`,
              () => 'refused',
            ),
          ),
        )
      },
      [stage.url, visitor.key, TOKENS.page] as const,
    )
    const [json, beacon, wide, other, ...rest] = tried
    // Opaque: the page is not told how it went, and the sums below say it.
    expect([json, beacon, wide, other]).toEqual(['refused', 'opaque 0', 'opaque 0', 'opaque 0'])
    expect(rest).toEqual(['refused', 'refused', 'refused', 'opaque 0', 'refused'])
    expect(await visitor.context.cookies([stage.url])).toEqual([])
    await expectViews(visitor, { '/a': 1 })
    expect(await sums('other')).toEqual({})
    const more = `${stage.url}/hit/${visitor.key}/b?access_token=${TOKENS.page}`
    expect(await visitor.page.evaluate(`navigator.sendBeacon('${more}')`)).toBe(true)
    await expectViews(visitor, { '/a': 1, '/b': 1 })
  })
})
