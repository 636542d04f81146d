import { describe, expect, it } from 'vitest'
import { looksLikeJsonLog, parseJsonLogLine } from '../../../src/local/import/json-log.ts'
import { compileKeyTemplate } from '../../../src/local/import/key-template.ts'
import { findFormat } from '../../../src/local/import/reader.ts'

const CADDY = {
  level: 'info',
  ts: 1795999886.2831075,
  logger: 'http.log.access',
  msg: 'handled request',
  request: {
    remote_ip: '10.0.0.9',
    client_ip: '192.0.2.7',
    proto: 'HTTP/2.0',
    method: 'POST',
    host: 'site.test:8443',
    uri: '/a?b=c',
    headers: { 'User-Agent': ['curl/8'], Referer: ['http://r/'] },
  },
  user_id: '',
  duration: 0.0004,
  status: 404,
}

const NGINX = {
  time: '2026-11-30T00:51:26+00:00',
  remote_addr: '192.0.2.7',
  request: 'GET /a?b HTTP/1.1',
  status: 200,
  uri: '/a',
}

const ALL = '{vhost}|{host}|{user}|{method}|{target}|{protocol}|{status}|{referer}|{agent}'

function keyOf(template: string, line: object | string | Buffer): string {
  const bytes = Buffer.isBuffer(line)
    ? line
    : Buffer.from(typeof line === 'string' ? line : JSON.stringify(line))
  const reading = parseJsonLogLine(bytes)
  if (reading.kind === 'refused') return `refused: ${reading.reason}`
  const key = compileKeyTemplate(template)(reading.request)
  if (key.kind === 'no-request') return 'no request'
  return key.kind === 'key' ? key.key : `refused: ${key.reason}`
}

function timeOf(time: unknown): string | null {
  const reading = parseJsonLogLine(Buffer.from(JSON.stringify({ ...NGINX, time })))
  return reading.kind === 'request' ? new Date(reading.request.atMs).toISOString() : null
}

describe('a JSON access log', () => {
  it('of Caddy gives every field', () => {
    expect(keyOf(ALL, CADDY)).toBe('site.test|192.0.2.7|-|POST|/a?b=c|HTTP/2.0|404|http://r/|curl/8')
    const reading = parseJsonLogLine(Buffer.from(JSON.stringify(CADDY)))
    expect(reading.kind === 'request' && reading.request.atMs).toBe(1795999886283)
  })

  it('of nginx gives the fields that it has, and refuses the others by name', () => {
    expect(keyOf('{host}|{method}|{target}|{path}|{status}', NGINX)).toBe('192.0.2.7|GET|/a?b|/a|200')
    expect(keyOf('{agent}', NGINX)).toBe('refused: no {agent} in this line')
  })

  it('of nginx with a field for each part of the request', () => {
    const { request: _, ...others } = NGINX
    const line = { ...others, request_method: 'PUT', request_uri: '/x?y', server_protocol: 'HTTP/1.1' }
    expect(keyOf('{method} {target} {protocol}', line)).toBe('PUT /x?y HTTP/1.1')
  })

  it.each(['', 'GET', 'SSH-2.0-x', '\u0016\u0003\u0001', 'OPTIONS / RTSP/1.0', '{"method":"login"}'])(
    'has a status to count, but no path, where a client sent %j',
    (request) => {
      expect(keyOf('requests{path}', { ...NGINX, request })).toBe('no request')
      expect(keyOf('status/{status}', { ...NGINX, request })).toBe('status/200')
    },
  )

  it("has no request in a line of Caddy's own doings", () => {
    expect(keyOf('requests{path}', { level: 'info', ts: 1795999886, logger: 'tls', msg: 'cleaning' })).toBe(
      'no request',
    )
  })

  it('spells out bytes that are no UTF-8, and control characters', () => {
    const [before = '', after = ''] = JSON.stringify({ ...NGINX, request: 'GET /X HTTP/1.1' }).split('X')
    const raw = Buffer.concat([Buffer.from(before), Buffer.from([0xe4, 0x5c, 0x74]), Buffer.from(after)])
    expect(keyOf('requests{path}', raw)).toBe('requests/%E4%09')
    expect(keyOf('requests{path}', { ...NGINX, request: 'GET /café HTTP/1.1' })).toBe('requests/café')
  })

  it.each([
    ['seconds', 1795999886.2831075, '2026-11-30T00:51:26.283Z'],
    ['seconds as text', '1795999886.283', '2026-11-30T00:51:26.283Z'],
    ['milliseconds', 1795999886283, '2026-11-30T00:51:26.283Z'],
    ['microseconds', 1795999886283107, '2026-11-30T00:51:26.283Z'],
    ['nanoseconds', 1795999886283 * 1e6, '2026-11-30T00:51:26.283Z'],
    ['RFC 3339', '2026-11-30T02:51:26+02:00', '2026-11-30T00:51:26.000Z'],
    ['the common format', '30/Nov/2026:00:51:26 +0000', '2026-11-30T00:51:26.000Z'],
    ['no zone', '2026/11/30 00:51:26', null],
    ['nothing', '', null],
  ])('has its time in %s', (_, time, iso) => {
    expect(timeOf(time)).toBe(iso)
  })

  it('is told from increments by its first line', () => {
    for (const line of [CADDY, NGINX]) expect(looksLikeJsonLog(Buffer.from(JSON.stringify(line)))).toBe(true)
    expect(findFormat(Buffer.from('{"key":"a","uri":"/","time":1}'))).toBe('ndjson')
    expect(findFormat(Buffer.from('{"foo":1}'))).toBe('ndjson')
    expect(findFormat(Buffer.from(JSON.stringify(NGINX)))).toBe('json')
    expect(findFormat(Buffer.from('1.2.3.4 - - ['))).toBe('auto')
  })
})
