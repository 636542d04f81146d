import { afterAll, describe, expect, test } from 'vitest'
import { startPostgres, type TestPostgres } from '../../support/postgres.ts'
import { Account, hour, useStand } from './stand.ts'

/** Killed and started again here, so no other file has it. */
let server: TestPostgres
const stand = useStand(async () => {
  server = await startPostgres()
  return server
})
afterAll(() => server?.stop())

describe('a deploy that was interrupted', () => {
  const failing = (isLive: boolean) => async () => ({ code: 1, isLive })

  /** A change whose hour has begun since: it was recorded, and nobody knows whether it went live. */
  async function interruptedChange(account: Account) {
    await stand.run(account)
    account.meanwhile = failing(true)
    const config = stand.edited({ SHARDS: `1, 16@${hour(2)}` })
    const { code, text } = await stand.run(account, { config })
    expect(code).toBe(1)
    expect(text).toContain('then run this again')
    const { live, unconfirmed } = await stand.record()
    expect(unconfirmed).toMatchObject([{ SHARDS: `1, 16@${hour(2)}`, ended: true }])
    const old = { ...unconfirmed[0], SHARDS: `1, 16@${hour(-3)}` }
    await stand.ask(
      `update sumdial.settings set value = '${JSON.stringify({ v: 1, live, unconfirmed: [old] })}'`,
    )
    account.meanwhile = async () => ({ code: 0, isLive: true })
    return { id: String(old.id), config: stand.edited({ SHARDS: `1, 16@${hour(-3)}` }) }
  }

  test('is no matter while what may be live agrees about begun hours', async () => {
    const account = new Account()
    account.meanwhile = failing(false)
    expect((await stand.run(account)).code).toBe(1)
    account.meanwhile = async () => ({ code: 0, isLive: true })
    expect((await stand.run(account)).code).toBe(0)
    expect(await stand.record()).toMatchObject({ live: { id: account.live.get('sumdial') }, unconfirmed: [] })
  })

  test('is not taken for live when a person has told wrangler not to deploy, which it calls a success', async () => {
    const account = new Account()
    account.meanwhile = async () => ({ code: 0, isLive: false })
    const { code, text } = await stand.run(account)
    expect(code).toBe(1)
    expect(text).toContain('wrangler deployed nothing')
    expect(await stand.record()).toMatchObject({ live: null, unconfirmed: [{ ended: true }] })
  })

  test('[K2] asks which one is live when they do not, and believes the answer', async () => {
    const account = new Account()
    const { id, config } = await interruptedChange(account)
    const asked = await stand.run(account, { config })
    expect(asked.code).toBe(1)
    expect(asked.text).toContain('--live before: SHARDS = "1", LATE_HOURS = "72"')
    expect(asked.text).toContain(`--live ${id}: SHARDS = "1, 16@${hour(-3)}"`)
    expect(asked.text).toContain('npx wrangler deployments status --env=""')
    expect((await stand.run(account, { config, args: ['--live', 'before'] })).text).toContain(
      'this edit would make it 16',
    )
    expect(await stand.run(account, { config, args: ['--live', 'nonsense'] })).toMatchObject({ code: 1 })
    expect(await stand.run(account, { config, args: ['--live', id] })).toMatchObject({ code: 0 })
    expect(await stand.record()).toMatchObject({ live: { SHARDS: `1, 16@${hour(-3)}` }, unconfirmed: [] })
    expect((await stand.run(account, { config, args: ['--live', id] })).text).toContain('leave it out')
  })

  test('two at a time do not pass each other', async () => {
    const account = new Account()
    const second = new Account()
    let other = { code: 0, text: '' }
    account.meanwhile = async () => {
      other = await stand.run(second)
      return { code: 0, isLive: true }
    }
    expect((await stand.run(account)).code).toBe(0)
    expect(other).toMatchObject({
      code: 1,
      text: expect.stringMatching(/Another deploy of this Worker \(\w+\) began at .* has not ended/),
    })
    expect(second.calls.filter(([command]) => command === 'deploy')).toEqual([])
  })

  test('by a database that was away at its end is known to be live by the next one', async () => {
    const account = new Account()
    account.meanwhile = async () => {
      await server.kill()
      return { code: 0, isLive: true }
    }
    const { code, text } = await stand.run(account)
    await server.start()
    expect(code).toBe(1)
    expect(text).toMatch(/record that \w+ is live \(it is: run this again/)
    expect(await stand.record()).toMatchObject({
      live: null,
      unconfirmed: [{ id: account.live.get('sumdial') }],
    })
  })
})
