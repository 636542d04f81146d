import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { grantOf, type Rights } from '../../../src/model/access/grant.ts'
import { importSecret, isSigned, signToken, verifyToken } from '../../../src/model/access/signed-token.ts'
import { goodOf } from '../../support/result.ts'

const SECRET = 'a'.repeat(32)
const [key, old, other] = await Promise.all([SECRET, 'b'.repeat(40), 'c'.repeat(128)].map(importSecret))
if (key === undefined || old === undefined || other === undefined) throw new Error('no keys')

const RIGHTS: Rights = { scopes: ['write'], prefix: 'customers/acme', valueMax: 10 }

const sign = async (rights: Rights = RIGHTS, expires?: string, by = key, name = 'acme') =>
  goodOf(await signToken(name, rights, expires, by))

/** A token with this payload and any signature of the right length, or that of another token. */
const withPayload = (payload: unknown, signature = 'A'.repeat(43)) =>
  `sd_v1.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.${signature}`

const signatureOf = (token: string) => token.slice(token.lastIndexOf('.') + 1)

const rights = fc.record(
  {
    scopes: fc.constant<Rights['scopes']>(['write', 'read']),
    prefix: fc.stringMatching(/^[a-zé]{1,9}$/),
    valueMax: fc.integer({ min: 1 }),
    itemsMax: fc.integer({ min: 1, max: 100 }),
    depth: fc.integer({ min: 1, max: 9 }),
  },
  { requiredKeys: ['scopes'] },
)

describe('a signed token', () => {
  test('[S2] has the rights that it was signed with, and no others', async () => {
    const names = fc.stringMatching(/^[a-zé/-]{1,20}$/)
    await fc.assert(
      fc.asyncProperty(names, rights, async (name, own) => {
        const token = await sign(own, undefined, key, name)
        expect(isSigned(token)).toBe(true)
        expect(await verifyToken(token, [key])).toEqual({
          name,
          grant: grantOf(`signed\n${name}`, own),
          expiresMs: null,
        })
      }),
    )
  })

  test('[S1] is nothing without the secret that signed it, and either of two secrets will do', async () => {
    const token = await sign()
    for (const keys of [[], [other], [old, other]]) expect(await verifyToken(token, keys)).toBeUndefined()
    for (const keys of [[key], [key, old], [old, key]]) {
      expect(await verifyToken(token, keys)).toMatchObject({ name: 'acme' })
    }
  })

  test('[S2] is nothing with any of its characters changed, left out or added', async () => {
    const token = await sign()
    const edits = fc.record({
      at: fc.nat(token.length),
      cut: fc.integer({ min: 0, max: 3 }),
      put: fc.stringMatching(/^[\w.=+/ -]{0,3}$/),
    })
    await fc.assert(
      fc.asyncProperty(edits, async ({ at, cut, put }) => {
        const edited = token.slice(0, at) + put + token.slice(at + cut)
        fc.pre(edited !== token)
        expect(await verifyToken(edited, [key])).toBeUndefined()
      }),
      { numRuns: 2_000 },
    )
    for (let end = 0; end < token.length; end++) {
      expect(await verifyToken(token.slice(0, end), [key])).toBeUndefined()
    }
  })

  test('[S2] is nothing with other rights under its signature, or under none', async () => {
    const token = await sign()
    const wider = [
      { name: 'acme', scopes: ['write'] },
      { name: 'acme', ...RIGHTS, scopes: ['write', 'read', 'adjust', 'admin'] },
      { name: 'acme', ...RIGHTS, prefix: 'customers' },
      { name: 'acme', ...RIGHTS, valueMax: 11 },
      { name: 'other', ...RIGHTS },
    ]
    for (const payload of wider) {
      for (const signature of [
        signatureOf(token),
        'A'.repeat(43),
        signatureOf(await sign(RIGHTS, undefined, other)),
      ]) {
        expect(await verifyToken(withPayload(payload, signature), [key])).toBeUndefined()
      }
    }
  })

  test('[S2] has one spelling: the bits that base64 leaves over are looked at', async () => {
    const token = await sign()
    const last = token.at(-1) ?? ''
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const spellings = [...alphabet].map((letter) => token.slice(0, -1) + letter)
    for (const spelling of spellings.filter((each) => each.at(-1) !== last)) {
      expect(await verifyToken(spelling, [key])).toBeUndefined()
    }
  })

  test('[S2] with rights of a later version is refused, not read in part', async () => {
    const later = { ...RIGHTS, hours: [9, 17] } as Rights
    for (const odd of [later, { ...RIGHTS, scopes: ['fly'] } as unknown as Rights, { ...RIGHTS, depth: 0 }]) {
      expect(await verifyToken(await sign(odd), [key])).toBeUndefined()
    }
    for (const name of ['', 'a,b', ' a', 'line\nfeed']) {
      expect(await verifyToken(await sign(RIGHTS, undefined, key, name), [key])).toBeUndefined()
    }
    expect(await verifyToken(await sign(RIGHTS, 'tomorrow'), [key])).toBeUndefined()
  })

  test('says when it expires', async () => {
    const token = await sign(RIGHTS, '2027-01-01T00:00:00Z')
    expect(await verifyToken(token, [key])).toMatchObject({ expiresMs: Date.UTC(2027, 0) })
  })

  test('is nothing for arbitrary text, and never an error', async () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.stringMatching(/^sd_v1\.[\w-]{0,40}\.[\w-]{43}$/),
      fc.jsonValue().map((value) => withPayload(value)),
    )
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        expect(await verifyToken(text, [key])).toBeUndefined()
      }),
    )
  })

  test('that is too long is not made', async () => {
    const keys = Array.from({ length: 200 }, (_, i) => `customers/acme/${i}`)
    expect(await signToken('acme', { ...RIGHTS, keys }, undefined, key)).toMatchObject({
      ok: false,
      error: expect.stringMatching(/^has \d+ characters, and at most 2048/),
    })
  })
})
