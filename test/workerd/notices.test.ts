import { createScheduledController, evictDurableObject } from 'cloudflare:test'
import { expect, test } from 'vitest'
import worker from '../../src/index.ts'
import { hourStartMs } from '../../src/model/hour.ts'
import { call, currentShard, env, HOUR, query } from './support.ts'

/** The cron of this hour, in a Worker of these settings that was uploaded just now. */
function cron(more: object) {
  const scheduledTime = Math.max(Date.now(), hourStartMs(HOUR))
  const controller = createScheduledController({ scheduledTime, cron: '7 * * * *' })
  const VERSION = { id: '', tag: '', timestamp: new Date().toISOString() }
  return worker.scheduled(controller, { ...env, VERSION, ...more } as typeof env)
}

const notices = async () => ((await (await call('/status')).json()) as { notices: unknown }).notices
const metric = async () =>
  /sumdial_notices\{kind="schedule"\} (\d)/.exec(await (await call('/metrics')).text())?.[1]

test('[K2] the cron notices a deploy that changed a begun hour, and /status and /metrics say so until it is put right', async () => {
  await cron({ LATE_HOURS: '72' })
  expect(await notices()).toEqual([])
  await cron({ LATE_HOURS: '48' })
  const found = [{ kind: 'schedule', text: expect.stringContaining('gives it 48') }]
  expect(await notices()).toEqual(found)
  expect(await metric()).toBe('1')
  // They are durable, because objects come and go.
  await evictDurableObject(currentShard().stub)
  expect(await notices()).toEqual(found)
  await cron({ LATE_HOURS: '72' })
  expect(await notices()).toEqual([])
  expect(await metric()).toBe('0')
})

test('a record of a newer version is left as it is, and the cron says that it could not look', async () => {
  const left = `update sumdial.settings set value = '{"v":2}' where name like 'seen:%' returning name`
  expect(await query(left, [])).toHaveLength(1)
  await cron({})
  const value = `select value from sumdial.settings where name like 'seen:%'`
  expect(await query(value, [])).toEqual([{ value: { v: 2 } }])
  await query(`delete from sumdial.settings where name like 'seen:%'`, [])
})
