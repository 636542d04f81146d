/** The words that fuzzed requests are made of, as they are on the wire. */

const words = (text: string) => text.trim().split(/\s+/)
const lines = (text: string) => text.trim().split(/\n */)

// ── In bodies, as JSON text ─────────────────────────────────────────────────────────────────────────────────

export const NUMBERS = [
  ...words(
    '0 -0 1 1.0 1e3 10E+2 1e999 -1e999 1e-400 -1 1.5 0.1e1 00 +1 .5 1. 0x10 1_000 NaN Infinity 1e --1',
  ),
  ...words('9007199254740991 9007199254740992 9007199254740990.6 1.00000000000000000001'),
  '1'.repeat(400),
  `1${'0'.repeat(400)}.0`,
  `0.${'0'.repeat(400)}1`,
  `1e${'9'.repeat(30)}`,
]

export const STRINGS = [
  ...words(
    String.raw`"" "\ud800" "\udc00a" "a\ud83d\ude00" "\u0000" "\u0061" "\u007f" "\x41" "\u00" "open "\"`,
  ),
  ...['"a\tb"', '"\u2028"', '"\ufeff"', '"\uffff"'],
  // Of 512 bytes in UTF-8, and of more.
  ...[`"${'é'.repeat(256)}"`, `"${'\\u0061'.repeat(512)}"`, `"${'é'.repeat(257)}"`, `"${'漢/'.repeat(300)}"`],
]

export const TIMES = lines(`
  "2026-02-30T00:00:00Z"
  "2026-11-21T23:59:60Z"
  "2026-11-21 20:00:00Z"
  "2026-11-21T20:00:00+99:99"
  "2026-11-21T20:00:00.9999999999999Z"
  "0000-01-01T00:00:00Z"
  "9999-12-31T23:59:59Z"
  "+010000-01-01T00:00:00Z"
  "tomorrow"
  ""
  -62135596800000
  8640000000000001
  1.5
  null`)

export const NAMES = words(
  String.raw`"key" "value" "at" "id" "v\u0061lue" "vlaue" "__proto__" "constructor" "toString" "" key`,
)

export const NO_VALUES = ['null', 'true', '{}', '[]', '', 'undefined']

/** Ways to count any objects. */
export const RECORDS =
  words(`/records?key={key}&value={value}&at={at}&id={id} /records?key=k/{value} /records?key={v\u0061lue|path}
  /records?key=k&records=key /records?key=k&repeat=count /records?key={ /records?meter=none /records`)

// ── In the lines above a body ───────────────────────────────────────────────────────────────────────────────

/** Without CONNECT, which workerd answers itself. */
export const METHODS = words('GET HEAD POST PUT PATCH DELETE OPTIONS TRACE PURGE')

export const TYPES = [
  ...lines(`
    application/json; charset=utf-8
    APPLICATION/JSON
    application/json;charset="UTF8"
    application/json; charset=latin1
    application/json; charset=\xfe
    application/json;;;
    application/json, text/plain
    application/jsonp
    application/x-www-form-urlencoded
    multipart/form-data; boundary=x
    text/plain
    */*
    ;`),
  '',
  `application/${'x'.repeat(2_000)}`,
]

export const HOSTS = words('a localhost:8787 a:99999 [::1]:80 xn--a -- A.B. [ a%zz')

export const HEADERS = [
  ...lines(`
    content-encoding: identity
    content-encoding: gzip
    content-encoding:
    content-encoding: br, gzip
    content-type: text/plain
    content-type: application/json
    idempotency-key: a
    idempotency-key: "a"
    idempotency-key:
    idempotency-key: "0193f2a4-7c1e-7000-8000-000000000001"
    idempotency-key: \xff"
    expect: 100-continue
    authorization: Bearer x
    authorization: Basic %%%
    authorization:
    cookie: a=b; \xff=\x01
    range: bytes=0-0
    if-none-match: *
    accept: text/html
    accept-encoding: br;q=x
    origin: null
    origin: https://a.test
    access-control-request-method: POST
    upgrade: websocket
    te: trailers`),
  `idempotency-key: ${'k'.repeat(300)}`,
]

export const ASKED = words(
  '/counters?key=fuzz/a /counters/fuzz/b?consistency=committed /counters/fuzz%2Fa /status',
)

/** Some of them are not there yet. */
export const PATHS =
  words(`/ // /counters /counters/ /keys /status /parked/retry /parked/discard /increment/ /metrics
  /hours/2026-11-21T20Z /openapi.json /docs /badge/a.svg /favicon.ico`)

export const PREFIXES = words('/counters/ / /hours/ /badge/')

/** Characters that a path or a query may hold by HTTP's own rules, among them percent signs that mean nothing. */
export const PIECES = [
  ...words('% %2F %2f%2F %FF %C3%A9 %00 %zz %ED%A0%80 %F0%9F%98%80 %25 .. . // ; = && + : @ ! ( * ~ [ key a'),
  'a'.repeat(600),
]

export const PARAMETERS = [
  '',
  ...words('key from to consistency hour prefix bucket tz sort limit cursor depth x'),
]

export const VALUES = [
  '',
  ...words('2026-11-21T20:00:00Z 0 -1 1e3 9999999999999999 -9007199254740991 now fresh committed %00 UTC'),
  ...words('2026-11-21T20Z 0000-00-00T00Z 9999-12-31T23Z 2026-02-30T01Z day -sum'),
]
