import { randomBytes } from 'node:crypto'
import { TOKENS_BYTES_MAX } from '../limits.ts'
import { type Made, makeToken } from './token/make.ts'
import { HELP, parseOptions, UsageError } from './token/options.ts'

/** 256 bits: nobody guesses one, so a plain hash of it is enough. */
const TOKEN_BYTES = 32

process.exitCode = main(process.argv.slice(2))

/** @returns the exit code: 0, or 2 when the call was wrong. */
function main(args: readonly string[]): number {
  try {
    const options = parseOptions(args, process.env)
    console.log(options.help ? HELP : describe(makeToken(options, randomBytes(TOKEN_BYTES))))
    return 0
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    console.error(`${error.message}.\nnpm run token -- --help says more.`)
    return 2
  }
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
