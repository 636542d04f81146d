import { createServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { CommandFailed } from '../../../src/local/cli.ts'
import { findPort, OWN_PORTS } from '../../../src/local/dev/port.ts'
import { listenLocally } from '../../support/listen.ts'

test('any port is one that nobody listens on, and that no program is given that asks for any', async () => {
  const [first, second] = [await findPort(0), await findPort(0)]
  expect(first).not.toBe(second)
  const server = createServer()
  onTestFinished(() => void server.close())
  // The ports that Linux gives begin there, and those of other systems above.
  for (const port of [first, second]) expect(port).toBeLessThan(32_768)
  expect(await listenLocally(server)).toBeGreaterThanOrEqual(32_768)
})

test('any port passes over those in use, and a port that was asked for and is in use is said to be', async () => {
  const { first, count } = OWN_PORTS
  const [one, two] = [await findPort(0), await findPort(0)]
  const next = first + ((two - first + (two - one + count)) % count)
  const server = createServer()
  onTestFinished(() => void server.close())
  await new Promise<void>((listening) => server.listen(next, '127.0.0.1', listening))
  await expect(findPort(next)).rejects.toThrow(CommandFailed)
  expect(await findPort(0)).not.toBe(next)
})
