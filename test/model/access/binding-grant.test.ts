import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bindingSchema, tokenNameFault } from '../../../src/model/access/grant.ts'
import { idOfRequest } from '../../../src/model/entry.ts'

const names = fc.string({ minLength: 1, maxLength: 20 }).filter((name) => tokenNameFault(name) === undefined)

const grantNameOf = (name: string | undefined) => bindingSchema.parse({ name }).name

describe('the name of a service binding', () => {
  test("[I3] is never a token's: the same Idempotency-Key of both counts twice", () => {
    fc.assert(
      fc.property(fc.option(names, { nil: undefined }), names, names, names, (binding, token, a, b) => {
        const bound = idOfRequest(grantNameOf(binding), a)
        expect(bound).not.toBe(idOfRequest(token, b))
        expect(bound).not.toBe(idOfRequest(binding ?? '', a))
        expect(bound === idOfRequest(grantNameOf(token), b)).toBe(binding === token && a === b)
      }),
    )
  })
})

describe('the props of a service binding', () => {
  test('[S2] that say nothing are for all keys, and never for what takes back or decides', () => {
    expect(bindingSchema.parse({})).toMatchObject({ scopes: ['write', 'read'], prefix: null })
  })

  test.each([
    [{ scopes: [] }, 'scopes'],
    [{ scopes: ['wriet'] }, 'scopes'],
    [{ scopes: 'write' }, 'scopes'],
    [{ prefix: 'site/' }, 'prefix'],
    [{ prefix: null }, 'prefix'],
    [{ name: 'line\nfeed' }, 'name'],
    [{ keys: ['other'], prefix: 'site' }, 'keys'],
    [{ scopes: ['hit'], prefix: 'site' }, 'scopes'],
    [{ perfix: 'site' }, undefined],
    ['write', undefined],
  ])('are refused with a fault in them: %j', (props, field) => {
    expect(bindingSchema.safeParse(props).error?.issues[0]?.path[0]).toBe(field)
    expect(bindingSchema.safeParse(props).success).toBe(false)
  })
})
