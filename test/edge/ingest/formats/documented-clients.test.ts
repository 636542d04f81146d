import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { receiveRecords } from '../../../../src/edge/ingest/formats/records.ts'
import { FormatStage, WRITER } from './format-stage.ts'

/**
 * Programs that npm does not have, each sending as its block in docs/clients.md tells it to, by what their manuals say
 * of such configuration.
 */
const page = (name: string) => readFileSync(join(import.meta.dirname, '../../../../docs', name), 'utf8')

/** The block of a client, by its heading. */
function blockOf(client: string): string {
  const [, section = ''] = page('clients.md').split(`\n## ${client}\n`)
  return /```\w+\n([\s\S]*?)```/.exec(section)?.[1] ?? expect.fail(`a block of ${client}`)
}

const METERS = /## Meters for common clients[\s\S]*?```json\n([\s\S]*?)```/.exec(page('meters.md'))?.[1]

const NOW = '2026-11-30T01:00:00Z'

type Sent = {
  readonly address: string
  readonly headers: Readonly<Record<string, string>>
  readonly records: readonly object[]
  readonly isGzip: boolean
}

/** Sends a delivery twice, as after a lost answer. @returns the sums, and the last answer. */
async function sendTwice({ address, headers, records, isGzip }: Sent) {
  const stage = new FormatStage(receiveRecords, { meters: METERS ?? '' })
  expect(headers['authorization']).toBe('Bearer sd_...')
  const lines = records.map((record) => `${JSON.stringify(record)}\n`).join('')
  const body = isGzip ? gzipSync(lines) : lines
  const own = { ...headers, ...(isGzip ? { 'content-encoding': 'gzip' } : {}) }
  const { pathname, search } = new URL(address)
  const options = { path: `${pathname}${search}`, nowMs: Date.parse(NOW) }
  const send = async () => (await stage.post(body, own, WRITER, options)).json() as Promise<object>
  return { first: await send(), again: await send(), sums: stage.sums }
}

const TWICE = {
  first: { accepted: 2, duplicates: 0, refused: 0 },
  again: { accepted: 0, duplicates: 2, refused: 0 },
}

test('[N1] Logpush counts each line once by its block, and its test object is no fault of the request', async () => {
  const block = blockOf('Cloudflare Logpush')
  const job = JSON.parse(/-d '([\s\S]*)'/.exec(block)?.[1] ?? '')
  const address = new URL(job.destination_conf)
  const authorization = address.searchParams.get('header_Authorization') ?? ''
  address.searchParams.delete('header_Authorization')
  expect(job.output_options.timestamp_format).toBe('rfc3339')
  const all: Readonly<Record<string, unknown>> = {
    ClientRequestHost: 'example.com',
    ClientRequestURI: '/pricing?a=1',
    EdgeStartTimestamp: NOW,
    EdgeResponseBytes: 512,
  }
  const record = (RayID: string) =>
    Object.fromEntries(job.output_options.field_names.map((name: string) => [name, { ...all, RayID }[name]]))
  const sent = { address: address.href, headers: { authorization }, isGzip: true }
  expect(await sendTwice({ ...sent, records: [record('a'), record('b')] })).toMatchObject({
    ...TWICE,
    sums: { 'requests/example.com/pricing': 2 },
  })
  expect(await sendTwice({ ...sent, records: [{ content: 'tests' }] })).toMatchObject({
    first: { records: 1, accepted: 0, refused: 1 },
    sums: {},
  })
})

test('[N1] Vector counts its events once by its block', async () => {
  const { sinks } = parse(blockOf('Vector'))
  const { uri, compression, encoding, framing, auth, method } = sinks.sumdial
  expect([method, encoding.codec, framing.method, auth.strategy]).toEqual([
    'post',
    'json',
    'newline_delimited',
    'bearer',
  ])
  const record = (path: string) => ({
    host: 'web-1',
    path,
    timestamp: '2026-11-30T00:59:59.123456789Z',
    source_type: 'file',
  })
  const sent = {
    address: uri,
    headers: { authorization: `Bearer ${auth.token}`, 'content-type': 'application/x-ndjson' },
    records: [record('/'), record('/pricing')],
    isGzip: compression === 'gzip',
  }
  expect(await sendTwice(sent)).toMatchObject({
    ...TWICE,
    sums: { 'requests/web-1/': 1, 'requests/web-1/pricing': 1 },
  })
})

test('[N1] Fluent Bit counts its lines once by its block', async () => {
  const settings = blockOf('Fluent Bit')
    .split('\n')
    .map((line) => /^ +(\w+) +(.*)$/.exec(line))
    .map((match): [string, string] => [match?.[1] ?? '', match?.[2] ?? ''])
  const { host, uri, compress, header = '', ...others } = Object.fromEntries(settings)
  expect(others).toMatchObject({ format: 'json_lines', json_date_format: 'iso8601', tls: 'on' })
  const [name = '', value] = header.split(/ (.*)/)
  const record = (path: string) => ({
    [others['json_date_key'] ?? '']: '2026-11-30T00:59:59.123456Z',
    path,
    log: `GET ${path}`,
    kubernetes: { pod_name: 'web-1', labels: { 'app.kubernetes.io/name': 'web' } },
  })
  const sent = {
    address: `https://${host}${uri}`,
    headers: { [name.toLowerCase()]: value ?? '', 'content-type': 'application/x-ndjson' },
    records: [record('/'), record('/pricing')],
    isGzip: compress === 'gzip',
  }
  expect(await sendTwice(sent)).toMatchObject({
    ...TWICE,
    sums: { 'requests/': 1, 'requests/pricing': 1 },
  })
})

test('[N1] syslog-ng counts each message once by its block', async () => {
  const block = blockOf('syslog-ng')
  const value = (name: string) => new RegExp(`\\b${name}\\((.*)\\)`).exec(block)?.[1] ?? ''
  const texts = (name: string) =>
    Array.from(value(name).matchAll(/"((?:[^"\\]|\\.)*)"/g), ([, text]) => text ?? '')
  const headers = texts('headers').map((header) => header.split(': ', 2))
  const [template = ''] = texts('body')
  const macros: Readonly<Record<string, string>> = {
    HOST: 'web-1',
    PROGRAM: 'sshd',
    ISODATE: '2026-11-30T01:59:59+01:00',
  }
  // Else it fills in nothing for $UNIQID.
  expect(block).toContain('options { use-uniqid(yes); };')
  const fields = Array.from(template.matchAll(/(\w+)=\$(\w+)/g), ([, name = '', macro = '']) => [name, macro])
  const record = (UNIQID: string) =>
    Object.fromEntries(fields.map(([name = '', macro = '']) => [name, { ...macros, UNIQID }[macro]]))
  const sent = {
    address: texts('url')[0] ?? '',
    headers: Object.fromEntries(headers.map(([name = '', text = '']) => [name.toLowerCase(), text])),
    records: [record('f4a5ff1b@0000000000000001'), record('f4a5ff1b@0000000000000002')],
    isGzip: false,
  }
  expect(await sendTwice(sent)).toMatchObject({ ...TWICE, sums: { 'log/web-1/sshd': 2 } })
})
