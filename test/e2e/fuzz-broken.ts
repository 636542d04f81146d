const post = (headers: string, body: string) =>
  `POST /increment HTTP/1.1\r\nhost: 127.0.0.1\r\n${headers}\r\n\r\n${body}`
const json = (headers: string, body = '{"key":"broken"') =>
  post(`content-type: application/json\r\n${headers}`, body)

/** Bytes that break the rules of HTTP itself, and stop there. None of them holds a request that could be counted. */
export const BROKEN_REQUESTS: readonly string[] = [
  '',
  '\r\n\r\n',
  '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  'GET',
  'GET /status',
  'GET /status HTTP/1.1\r\n',
  'GET /status HTTP/1.1\r\nhost: 127.0.0.1',
  'GET /status HTTP/9.9\r\nhost: 127.0.0.1\r\n\r\n',
  'GET /status HTTP/1.1\r\n\r\n',
  'GET /status HTTP/1.1\r\nhost: [\r\n\r\n',
  'GET /counters/a HTTP/1.1\r\nhost: a%zz\r\n\r\n',
  'GET /counters/a b HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n',
  'GET /counters/\xff\xfe HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n',
  'GET /counters/a\x01 HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n',
  `GET /counters/${'a'.repeat(200_000)} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`,
  'GET /status HTTP/1.1\r\nhost: 127.0.0.1\r\nx-\xff: 1\r\n\r\n',
  'GET /status HTTP/1.1\r\nhost: 127.0.0.1\r\n: 1\r\n\r\n',
  `GET /status HTTP/1.1\r\nhost: 127.0.0.1\r\n${'x: y\r\n'.repeat(2_000)}\r\n`,
  `GET /status HTTP/1.1\r\nhost: 127.0.0.1\r\nx: ${'y'.repeat(2_000_000)}\r\n\r\n`,
  json('content-length: abc'),
  json('content-length: -1'),
  json('content-length: +15'),
  json('content-length: 99999999999999999999999'),
  json('content-length: 999999999999'),
  json('content-length: 15\r\ncontent-length: 3'),
  json('content-length: 100'),
  json('transfer-encoding: gzip'),
  json('transfer-encoding: chunked', 'zz\r\n{"key":"broken"}'),
  json('transfer-encoding: chunked', 'ffffffffffffffffff\r\n{"key":"broken"}'),
  json('transfer-encoding: chunked', '12\r\n{"key":"broken"}'),
  json('transfer-encoding: chunked', '12\r\n{"key":"broken"}\r\n'),
  json('content-length: 18\r\ntransfer-encoding: chunked', '3\r\n{"k\r\n'),
  post('content-type: application/x-ndjson\r\ncontent-length: 100', '{"key":"broken"}\n'),
]
