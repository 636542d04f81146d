import { randomBytes } from 'node:crypto'
import { TOKENS_BYTES_MAX } from '../limits.ts'
import { main } from './cli.ts'
import { type Made, makeToken } from './token/make.ts'
import { HELP, parseOptions } from './token/options.ts'

/** 256 bits: nobody guesses one, so a plain hash of it is enough. */
const TOKEN_BYTES = 32

process.exitCode = await main({ name: 'token', help: HELP, run }, process.argv.slice(2))

function run(args: readonly string[]): undefined {
  const made = makeToken(parseOptions(args, process.env), randomBytes(TOKEN_BYTES))
  console.log(describe(made))
}

function describe({ token, value, count, bytes }: Made): string {
  const tokens = count === 1 ? '1 token' : `${count} tokens`
  // As many more of the size of those that there are.
  const room = Math.floor(((TOKENS_BYTES_MAX - bytes) * count) / bytes)
  return [
    'The token, which is shown this once:',
    '',
    `  ${token}`,
    '',
    `The secret API_TOKENS with it: ${tokens}, ${bytes} of ${TOKENS_BYTES_MAX} bytes, room for about ${room} more.`,
    'Keep it, for example in a file for --tokens: Cloudflare does not show secrets again. It has hashes, no tokens.',
    '',
    value,
    '',
    'Deploy it, by pasting that line:',
    '',
    '  npx wrangler secret put API_TOKENS --env=""',
  ].join('\n')
}
