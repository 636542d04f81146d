import { randomBytes } from 'node:crypto'
import { TOKENS_BYTES_MAX } from '../limits.ts'
import { main } from './cli.ts'
import { type Made, makeToken } from './token/make.ts'
import { FLAGS, HELP, parseOptions } from './token/options.ts'
import { describeSigned, signWith } from './token/sign.ts'

/** 256 bits. Nobody can guess such a token, so a plain hash is enough to store. */
const TOKEN_BYTES = 32

process.exitCode = await main({ name: 'token', help: HELP, flags: FLAGS, run }, process.argv.slice(2))

async function run(args: readonly string[]): Promise<undefined> {
  const options = parseOptions(args, process.env)
  if (options.kind === 'signed') console.log(describeSigned(await signWith(options, Date.now())))
  else console.log(describe(makeToken(options, randomBytes(TOKEN_BYTES))))
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
