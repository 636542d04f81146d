import { randomBytes } from 'node:crypto'
import { TOKENS_BYTES_MAX } from '../limits.ts'
import { main, type Output } from './cli.ts'
import { type MadeToken, makeToken } from './token/make.ts'
import { FLAGS, HELP, parseOptions } from './token/options.ts'
import { describeSigned, signWith } from './token/sign.ts'

/** 256 bits. Nobody can guess such a token, so a plain hash is enough to store. */
const TOKEN_BYTES = 32

/** @returns the exit code. */
export function runToken(args: readonly string[], output: Output, env: NodeJS.ProcessEnv): Promise<number> {
  const run = async () => {
    const options = parseOptions(args, env)
    if (options.kind === 'signed') output.say(describeSigned(await signWith(options, Date.now())))
    else output.say(describe(makeToken(options, randomBytes(TOKEN_BYTES))))
    return 0
  }
  return main({ name: 'token', help: HELP, flags: FLAGS, run }, args, output, env)
}

function describe({ token, value, count, bytes }: MadeToken): string {
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

if (import.meta.main)
  process.exitCode = await runToken(
    process.argv.slice(2),
    { say: console.log, complain: console.error },
    process.env,
  )
