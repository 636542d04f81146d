import { describe, expect, test } from 'vitest'
import * as limits from '../../src/client/limits.ts'
import { ModelServer } from './model-server.ts'
import { openPage, rig } from './rig.ts'

describe('a page that is hidden or left', () => {
  test('all that it holds leaves before the handler returns, and outlives it', async () => {
    const page = openPage()
    const { sumdial, server, clock } = rig()
    sumdial.increment('a')
    sumdial.increment('b', 1, { id: 'x' })
    page.hide()
    expect(server.requests.map(({ keepalive, items }) => [keepalive, items.length])).toEqual([
      [true, 1],
      [true, 1],
    ])
    await clock.pass(0)
    sumdial.increment('c')
    page.leave()
    expect(server.requests).toHaveLength(3)
    await clock.pass(60_000)
    expect([...server.counts.values()]).toEqual([1, 1, 1])
  })

  test('[I3] with a request under way: it is sent beside under its name, and counts once', async () => {
    const page = openPage()
    const { sumdial, server, clock } = rig(['lost before'])
    sumdial.increment('a')
    await clock.pass(1_000)
    page.hide()
    page.leave()
    await clock.pass(60_000)
    expect(server.requests.map(({ name, keepalive }) => [name, keepalive])).toEqual([
      ['uuid-1', false],
      ['uuid-1', true],
      ['uuid-1', false],
    ])
    expect(server.counts.get('a')).toBe(1)
  })

  test('[I3] the half that waits behind the other is sent too, and each counts once', async () => {
    const page = openPage()
    const { sumdial, server, clock } = rig(['fine', 'lost before'])
    server.itemsMax = 1
    for (const key of ['a', 'b']) sumdial.increment(key)
    await clock.pass(1_000)
    const before = server.requests.length
    page.hide()
    const beside = server.requests.slice(before)
    expect(beside.map(({ keepalive, items }) => [keepalive, ...items.map(({ key }) => key)])).toEqual([
      [true, 'a'],
      [true, 'b'],
    ])
    await clock.pass(60_000)
    expect([sumdial.held, server.counts.get('a'), server.counts.get('b')]).toEqual([0, 1, 1])
  })

  test('[I3] hidden two hundred times in an outage: few requests each time, the newest increment in one', async () => {
    const page = openPage()
    const { sumdial, server, clock, given } = rig(Array.from({ length: 3_000 }, () => 'lost after'))
    for (let i = 0; i < 200; i++) {
      sumdial.increment(`a${i}`)
      const before = server.requests.length
      page.hide()
      const sent = server.requests.slice(before)
      expect(sent.length).toBeLessThanOrEqual(limits.DELIVERIES_MAX + limits.BESIDE_MAX)
      expect(sent.some(({ keepalive, items }) => keepalive && items[0]?.key === `a${i}`)).toBe(true)
      page.show()
      await clock.pass(1)
    }
    const before = server.requests.length
    expect(before).toBeLessThan(2_000)
    server.heal()
    await clock.pass(60_000)
    expect([sumdial.held, given, new Set(server.counts.values())]).toEqual([0, [], new Set([1])])
    expect(server.counts.size).toBe(200)
    expect(server.requests.length - before).toBeLessThanOrEqual(200)
  })

  test('and stays, hidden in an outage: at most four requests at a time', async () => {
    const page = openPage()
    let isDown = true
    let [inTheAir, most] = [0, 0]
    const model = new ModelServer([])
    const { sumdial, clock } = rig([], {
      async fetch(url, init) {
        if (isDown) throw new TypeError('fetch failed')
        most = Math.max(most, ++inTheAir)
        await new Promise<void>((answer) => clock.after(100, answer))
        inTheAir -= 1
        return model.fetch(url, init)
      },
    })
    for (let i = 0; i < 30; i++) {
      sumdial.increment('a')
      page.hide()
      page.show()
      await clock.pass(1)
    }
    isDown = false
    await clock.pass(60_000)
    expect([most, model.counts.get('a'), sumdial.held]).toEqual([limits.DELIVERIES_MAX, 30, 0])
  })

  test('what has no room within 60 KiB is not sent beside again and again', async () => {
    const page = openPage()
    const { sumdial, server, clock } = rig(Array.from({ length: 100 }, () => 'lost before'))
    for (let i = 0; i < 1_000; i++) sumdial.increment(`${'ü'.repeat(240)}/${i}`)
    await clock.pass(0)
    for (let i = 0; i < 5; i++) {
      const before = server.requests.length
      page.hide()
      page.show()
      const sent = server.requests.slice(before)
      expect(sent.every(({ keepalive }) => keepalive)).toBe(true)
      const sizes = sent.map(({ items }) => Buffer.byteLength(JSON.stringify(items)))
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(limits.KEEPALIVE_BYTES_MAX)
    }
    server.heal()
    await clock.pass(60_000)
    expect([server.counts.size, sumdial.held]).toEqual([1_000, 0])
  })

  test('requests that outlive it have at most 60 KiB together', async () => {
    const page = openPage()
    const { sumdial, server } = rig()
    for (let i = 0; i < 300; i++) sumdial.increment(`${'k'.repeat(480)}/${i}`)
    page.hide()
    const sizes = server.requests.map(({ items }) => JSON.stringify(items).length)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(limits.KEEPALIVE_BYTES_MAX)
    const outliving = server.requests.flatMap(({ keepalive }, i) => (keepalive ? [sizes[i] ?? 0] : []))
    expect(outliving.length).toBeGreaterThan(0)
    expect(outliving.reduce((sum, size) => sum + size)).toBeLessThanOrEqual(limits.KEEPALIVE_BYTES_MAX)
    expect(server.counts.size).toBe(300)
  })
})
