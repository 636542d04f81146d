import { createServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { CommandFailed } from '../../../src/local/cli.ts'
import { findPort, OWN_PORTS } from '../../../src/local/dev/port.ts'

test('any port is another each time, below those that systems give to programs that ask for any', async () => {
  const [first, second] = [await findPort(0), await findPort(0)]
  expect(first).not.toBe(second)
  // Linux gives ports from there on as long as nobody has changed that, and other systems give higher ones.
  for (const port of [first, second]) expect(port).toBeLessThan(32_768)
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
