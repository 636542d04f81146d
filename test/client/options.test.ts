import { expect, onTestFinished, test, vi } from 'vitest'
import { type ClientOptions, createClient } from '../../src/client/index.ts'
import { rig } from './rig.ts'

const URL_OF_IT = 'https://sumdial.example'

/** As plain JavaScript may call it. */
function make(options?: unknown) {
  return createClient(options as ClientOptions)
}

test.each<[unknown, RegExp]>([
  [undefined, /createClient takes an object such as \{ url, token \}, not undefined/],
  [null, /createClient takes an object .*, not null/],
  [URL_OF_IT, /createClient takes an object .*, not a string/],
  [[URL_OF_IT], /createClient takes an object .*, not an array/],
  [{}, /url must be the Worker's address, such as https:/],
  [{ url: '' }, /url must be the Worker's address/],
  [{ url: 7 }, /url must be the Worker's address/],
  [{ url: 'sumdial.example' }, /url must be the Worker's address/],
  [{ url: 'ftp://sumdial.example' }, /url must be .*: it begins with https/],
  [{ url: URL_OF_IT, tokn: 'sd_a' }, /`tokn` is not an option of createClient: use url, token, /],
  [{ url: URL_OF_IT, token: 7 }, /token must be a text such as `sd_\.\.\.`/],
  [{ url: URL_OF_IT, token: '' }, /token must be a text such as/],
  [{ url: URL_OF_IT, token: 'sd_secret\n' }, /token must be a text such as .*, without blanks/],
  [{ url: URL_OF_IT, batchMax: 10_001 }, /batchMax must be a whole number from 1 to 10000/],
  [{ url: URL_OF_IT, batchMax: 0 }, /batchMax must be a whole number from 1/],
  [{ url: URL_OF_IT, lingerMs: Number.NaN }, /lingerMs must be a whole number from 0/],
  [{ url: URL_OF_IT, lingerMs: '5' }, /lingerMs must be a whole number/],
  [{ url: URL_OF_IT, heldMax: -1 }, /heldMax must be a whole number/],
  [{ url: URL_OF_IT, heldBytesMax: 1.5 }, /heldBytesMax must be a whole number/],
  [{ url: URL_OF_IT, onGiveUp: 'log' }, /onGiveUp must be a function/],
  [{ url: URL_OF_IT, onRetry: null }, /onRetry must be a function/],
  [{ url: URL_OF_IT, fetch: { fetch: 1 } }, /fetch must be a function/],
])('createClient(%o) names what is wrong, and what it should be', (options, words) => {
  expect(() => make(options)).toThrow(TypeError)
  expect(() => make(options)).toThrow(words)
})

test('a wrong token is not in the message, because messages are logged', () => {
  expect(() => make({ url: URL_OF_IT, token: 'sd_secret\n' })).not.toThrow(/secret/)
})

/** Seven labels of 103 bytes with what the server counts for each. */
const MANY = Object.fromEntries(Array.from({ length: 7 }, (_, i) => [`n${i}`, 'x'.repeat(94)]))

test.each<[unknown[], RegExp]>([
  [['k', 1, { at: '' }], /^at must be a Date or whole epoch milliseconds/],
  [['k', 1, { at: '2026-11-21T20:00:00Z' }], /^at must be/],
  [['k', 1, { at: true }], /^at must be/],
  [['k', 1, { at: [] }], /^at must be/],
  [['k', 1, { at: null }], /^at must be/],
  [['k', 1, { at: 5n }], /^at must be/],
  [['k', 1, { At: 5 }], /`At` is not an option of increment: use at, id, labels/],
  [['k', 1, new Date()], /increment takes an object such as \{ at, id, labels \}, not a Date/],
  [['k', 1, { labels: [] }], /labels must be an object of texts/],
  [['k', 1, { labels: new Map([['plan', 'pro']]) }], /labels must be an object of texts/],
  [['k', 1, { labels: new URLSearchParams('plan=pro') }], /labels must be an object of texts/],
  [['k', 1, { labels: { '1st': 'x' } }], /"1st" is not the name of a label/],
  [['k', 1, { labels: { 'sumdial.x': 'x' } }], /does not begin with sumdial/],
  [['k', 1, { labels: { plan: '' } }], /the label plan must not be empty/],
  [['k', 1, { labels: { plan: 5 } }], /the label plan must be a text/],
  [['k', 1, { labels: { plan: 'x'.repeat(129) } }], /the label plan must have at most 128 bytes/],
  [['k'.repeat(512), 1, { labels: MANY }], /key and labels must have at most 1024 bytes together/],
  [['k', 1, { labels: { ...MANY, more: 'x', again: 'y' } }], /at most 8 labels/],
  [['k', 1, null], /increment takes an object .*, not null/],
  [['k', 1, { id: 7 }], /^id must be a text/],
  [['k', '3'], /^value must be a whole number/],
  [['k', 3n], /^value must be/],
  [['k', { at: 5 }], /^value must be/],
  [[['k']], /^key must be a text/],
  [[undefined], /^key must be a text/],
])('increment(...%o) names what is wrong, and what it should be', (args, words) => {
  const { sumdial } = rig()
  const increment = sumdial.increment as (...args: unknown[]) => void
  expect(() => increment(...args)).toThrow(TypeError)
  expect(() => increment(...args)).toThrow(words)
  expect(sumdial.held).toBe(0)
})

test("a Date of another realm, such as a test runner's, is a Date", async () => {
  const { runInNewContext } = await import('node:vm')
  const { sumdial } = rig()
  sumdial.increment('k', 1, { at: runInNewContext('new Date(1795294200000)') })
  expect(sumdial.held).toBe(1)
})

test.each<[string, unknown[], RegExp]>([
  ['read', [], /^key must be a text, or an array of texts/],
  ['read', [7], /^key must be a text/],
  ['read', [['a', 7]], /^key must be a text/],
  ['read', ['a', { form: 5 }], /`form` is not an option of read: use from, to, range, tz, bucket/],
  ['read', ['a', 'day'], /read takes an object such as \{ bucket: 'day' \}, not a string/],
  ['read', ['a', { from: new Date('never') }], /^from must be a valid Date/],
  ['readPrefix', [], /^prefix must be a text/],
  ['readPrefix', ['a/', { sort: '-sum' }], /`sort` is not an option of readPrefix/],
  ['list', ['site/'], /list takes an object such as \{ prefix: 'site\/' \}, not a string/],
  ['list', [{ prefix: 7 }], /^prefix must be a text/],
  ['hour', [], /^hour must be a text/],
  ['hour', [new Date('never')], /^hour must be a valid Date/],
])('%s(...%o) rejects with a TypeError that says so, and asks nobody', async (method, args, words) => {
  const { sumdial, server } = rig()
  const methods = sumdial as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>
  const failure = await methods[method]?.(...args).catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(TypeError)
  expect(String(failure)).toMatch(new RegExp(`TypeError: ${words.source.replace('^', '')}`))
  expect(server.requests).toEqual([])
})

test('listAll rejects what list would, before its first page', async () => {
  const { sumdial } = rig()
  const items = sumdial.listAll('site/' as never)
  await expect(items[Symbol.asyncIterator]().next()).rejects.toThrow(/listAll takes an object/)
})

test('close takes its deadline alone, and a wrong one closes nothing', () => {
  const { sumdial, given } = rig()
  const close = sumdial.close as (options: unknown) => Promise<void>
  expect(() => close({ deadline: 5 })).toThrow(/`deadline` is not an option of close: use deadlineMs/)
  expect(() => close(5)).toThrow(/close takes an object such as \{ deadlineMs: 5000 \}, not a number/)
  sumdial.increment('k')
  expect(given).toEqual([])
})

test('a runtime without Web Crypto is told at once what to do, instead of at the first batch', () => {
  vi.stubGlobal('crypto', undefined)
  onTestFinished(() => void vi.unstubAllGlobals())
  expect(() => make({ url: URL_OF_IT })).toThrow(/needs Web Crypto .*Use Node 20 or newer/)
})
