import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { headerTokens } from '../../../src/edge/http/authorization.ts'

const tokensIn = (authorization: string) => headerTokens(new Headers({ authorization }))

const basic = (pair: string) => `Basic ${btoa(pair)}`

describe('the tokens of an Authorization header', () => {
  test('are that of Bearer alone, or password and user of Basic', () => {
    const text = fc.stringMatching(/^[\w.-]{0,20}$/)
    fc.assert(
      fc.property(text, text, (user, password) => {
        expect(tokensIn(basic(`${user}:${password}`))).toEqual([password, user].filter((each) => each !== ''))
      }),
    )
    expect(tokensIn('Bearer sd_a.b')).toEqual(['sd_a.b'])
    expect(tokensIn('bAsIc c2RfYTo=')).toEqual(['sd_a'])
    // A password may hold colons.
    expect(tokensIn(basic('u:a:b'))).toEqual(['a:b', 'u'])
    expect(headerTokens(new Headers())).toEqual([])
  })

  test('are none for anything else, and never an error', () => {
    for (const other of [
      '',
      'Basic',
      'Basic %%%',
      'Basic abcde',
      basic('no colon'),
      'Digest username="a"',
      'sd_a',
    ]) {
      expect(tokensIn(other)).toEqual([])
    }
    fc.assert(
      fc.property(fc.stringMatching(/^(Basic |Bearer )?[ -~]{0,30}$/), (text) => {
        for (const token of tokensIn(text)) expect(token).not.toBe('')
      }),
    )
  })
})
