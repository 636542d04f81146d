import { expect, test } from 'vitest'
import { UsageError } from '../../../src/local/cli.ts'
import { parseOptions } from '../../../src/local/dev/options.ts'

test('without options it takes port 8787, the state in the project, and the embedded Postgres', () => {
  expect(parseOptions([], {})).toMatchObject({
    port: 8787,
    host: '127.0.0.1',
    state: expect.stringMatching(/\/\.sumdial$/),
    database: { kind: 'embedded' },
  })
})

test('vars are split at the first colon, and a state folder is meant from where the person stands', () => {
  const args = [
    '--var',
    'ALLOWED_ORIGINS:https://a.example:8080',
    '--var',
    'SHARDS:2',
    '--state',
    'x',
    '--port',
    '0',
  ]
  const env = { npm_lifecycle_event: 'dev', INIT_CWD: '/home/me', DATABASE_URL: 'postgresql://a:b@c/d' }
  const { vars, ...others } = parseOptions(args, env)
  expect(Object.fromEntries(vars)).toEqual({ ALLOWED_ORIGINS: 'https://a.example:8080', SHARDS: '2' })
  expect(others).toEqual({
    port: 0,
    host: '127.0.0.1',
    state: '/home/me/x',
    database: { kind: 'direct', url: 'postgresql://a:b@c/d' },
  })
})

test.each([
  [
    ['--var', 'FLUSH_INTERVAL:1'],
    'there is no variable FLUSH_INTERVAL. You can set FLUSH_INTERVAL_SECONDS, SHARDS',
  ],
  [['--var', 'FLUSH_INTERVAL_SECONDS:abc'], 'FLUSH_INTERVAL_SECONDS must be a whole number'],
  [['--var', 'API_TOKENS:[{"name":""}]'], 'API_TOKENS[0].name must not be empty'],
  [['--var', 'SHARDS=4'], '--var must be of the form NAME:VALUE, not `SHARDS=4`.'],
  [
    ['--var', 'DATABASE_URL:postgresql://a:b@c/d'],
    '--var cannot set DATABASE_URL. Set it in the environment',
  ],
  [['--var', 'DEV_ACCESS:open'], '--var cannot set DEV_ACCESS. Leave it out'],
  [
    ['--host', 'my-machine'],
    '--host must be an IP address such as 0.0.0.0 or 192.168.1.20, not `my-machine`.',
  ],
  [['--port', '80a'], '--port must be a whole number from 0 to 65535, not `80a`.'],
  [['--port', '65536'], '--port must be a whole number from 0 to 65535'],
])('%j is refused before anything starts', (args, words) => {
  expect(() => parseOptions(args, {})).toThrow(UsageError)
  expect(() => parseOptions(args, {})).toThrow(words)
})
