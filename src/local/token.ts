import { randomBytes } from 'node:crypto'
import { TOKENS_BYTES_MAX } from '../limits.ts'
import { main } from './cli.ts'
import { type Made, makeToken } from './token/make.ts'
import { FLAGS, HELP, parseOptions } from './token/options.ts'

/** 256 bits. Nobody can guess such a token, so a plain hash is enough to store. */
const TOKEN_BYTES = 32

process.exitCode = await main({ name: 'token', help: HELP, flags: FLAGS, run }, process.argv.slice(2))

function run(args: readonly string[]): undefined {
  const made = makeToken(parseOptions(args, process.env), randomBytes(TOKEN_BYTES))
  console.log(describe(made))
}

function describe({ token, value, count, bytes }: Made): string {
  const tokens = count === 1 ? '1 token' : `${count} tokens`
  // Assumes that further tokens have the size of these.
  const room = Math.floor(((TOKENS_BYTES_MAX - bytes) * count) / bytes)
  return [
    'Your token, which is shown only once:',
    '',
    `  ${token}`,
    '',
    `The new value of the secret API_TOKENS (${tokens}, ${bytes} of ${TOKENS_BYTES_MAX} bytes, room for about ${room} more):`,
    '',
    value,
    '',
    'Save that line in a file for --tokens, because Cloudflare does not show secrets again. It holds hashes and no tokens.',
    'To put it into use, run this and paste the line:',
    '',
    '  npx wrangler secret put API_TOKENS --env=""',
  ].join('\n')
}
