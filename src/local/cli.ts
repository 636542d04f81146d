import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { type Flags, findSwallowedFlags } from './swallowed-flags.ts'

/** A command of package.json, such as `npm run token`. */
export type Command = {
  /** Its name in package.json: `token`. */
  readonly name: string
  /** Printed for `--help`. */
  readonly help: string
  /** Its options, but for `--help`. */
  readonly flags: Flags
  /** @returns the exit code; nothing for 0. */
  run(args: readonly string[]): number | undefined | Promise<number | undefined>
}

/** Where a command prints: results to `say`, everything that went wrong to `complain`. */
export type Output = { readonly say: (text: string) => void; readonly complain: (text: string) => void }

/** The command was called or configured wrongly, so it has done nothing. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The command cannot go on, for a reason outside the program. Exit code 1. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed'
}

/**
 * Runs a command, or prints its help. A person reads the message of a UsageError or CommandFailed and no stack; any
 * other error is a bug and is thrown on. A call whose flags went to npm runs nothing.
 *
 * @returns the exit code.
 */
export async function main(
  command: Command,
  args: readonly string[],
  { say, complain }: Output = { say: console.log, complain: console.error },
  env: NodeJS.ProcessEnv = process.env,
): Promise<number> {
  const meant = findSwallowedFlags(command.flags, args, env)
  if (meant !== undefined) {
    complain(`npm took your flags for its own, so nothing was run. Write \`--\` before the flags: ${meant}`)
    return 2
  }
  try {
    if (!args.includes('--help') && !args.includes('-h')) return (await command.run(args)) ?? 0
    say(command.help)
    return 0
  } catch (error) {
    if (error instanceof UsageError) {
      complain(`${error.message}\nRun \`npm run ${command.name} -- --help\` to see the options.`)
      return 2
    }
    if (!(error instanceof CommandFailed)) throw error
    complain(error.message)
    return 1
  }
}

type FlagsCall = { readonly args: string[]; readonly options: Flags; readonly allowPositionals: boolean }

/**
 * The values of a command's options, and the arguments that belong to none. Node's parseArgs, but its errors are
 * sentences for the person who called. `--help` is not among the options, because `main` takes it first.
 *
 * @throws UsageError
 */
export function parseFlags<const O extends Flags>(
  args: readonly string[],
  options: O,
  { allowPositionals = false } = {},
) {
  const config = { args: [...args], options, allowPositionals }
  try {
    return parseArgs(config)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new UsageError(firstFault(config) ?? error.message)
  }
}

/** The first fault in the arguments, as a sentence. Node's own messages advise on `--` and on quoting. */
function firstFault({ args, options, allowPositionals }: FlagsCall): string | undefined {
  const { tokens } = parseArgs({ args, options, strict: false, tokens: true })
  for (const token of tokens) {
    if (token.kind === 'positional' && !allowPositionals)
      return `\`${token.value}\` belongs to no option, and this command takes only options.`
    if (token.kind !== 'option') continue
    const { name, rawName, value } = token
    const option = Object.hasOwn(options, name) ? options[name] : undefined
    if (option === undefined) return `There is no option \`${rawName}\`.${listed(options)}`
    if (option.type === 'boolean' && value !== undefined)
      return `\`--${name}\` takes no value: leave out \`=${value}\`.`
    if (option.type === 'string' && value === undefined) return `\`--${name}\` needs a value.`
    if (option.type === 'string' && !token.inlineValue && value?.startsWith('-'))
      return `\`--${name}\` needs a value. If \`${value}\` is the value, write \`--${name}=${value}\`.`
  }
  return undefined
}

function listed(options: Flags): string {
  const names = Object.keys(options).map((name) => `--${name}`)
  return names.length === 0 ? ' This command takes no options.' : ` The options are ${names.join(', ')}.`
}

/** @throws UsageError that names the option. */
export function parseWholeNumber(option: string, text: string, min: number, max: number): number {
  const number = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  if (number >= min && number <= max) return number
  throw new UsageError(`${option} must be a whole number from ${min} to ${max}, not \`${text}\`.`)
}

/**
 * An http or https address.
 *
 * @param from where it was given: `--url`, or the name of a variable.
 * @throws UsageError
 */
export function parseUrl(from: string, text: string): URL {
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new UsageError(`${from} must be an http or https address, not \`${text}\`.`)
  if (url.username !== '' || url.password !== '')
    throw new UsageError(`${from} has a password in it: give a token with --token instead.`)
  return url
}

const WORKER_URL_DEFAULT = 'http://127.0.0.1:8787'

/** Which Worker a command calls, from its options `--url` and `--token`, or from SUMDIAL_URL and SUMDIAL_TOKEN. */
export type WorkerAddress = { readonly url: URL; readonly token: string | undefined }

/** @throws UsageError */
export function parseWorkerAddress(
  given: { readonly url?: string | undefined; readonly token?: string | undefined },
  { SUMDIAL_URL, SUMDIAL_TOKEN }: NodeJS.ProcessEnv,
): WorkerAddress {
  const token = given.token ?? SUMDIAL_TOKEN
  const url =
    given.url === undefined
      ? parseUrl('SUMDIAL_URL', SUMDIAL_URL || WORKER_URL_DEFAULT)
      : parseUrl('--url', given.url)
  return { url, token: token === '' ? undefined : token }
}

/**
 * A path from where the person stands: npm runs a command in the project's folder, whatever folder it was called in.
 */
export function resolvePath(command: string, path: string, env: NodeJS.ProcessEnv): string {
  const { npm_lifecycle_event, INIT_CWD } = env
  return resolve(npm_lifecycle_event === command && INIT_CWD !== undefined ? INIT_CWD : process.cwd(), path)
}

/** npm passes a Ctrl-C on to a process that the terminal has told already, so two signals within this time are one. */
const SAME_INTERRUPT_MS = 500

/**
 * Aborted by the first Ctrl-C, SIGTERM or SIGHUP, so that a command can finish what it began. The second ends this
 * process at once.
 */
export function listenForInterrupts(): AbortSignal {
  const interrupt = new AbortController()
  let firstMs = 0
  const onSignal = () => {
    if (!interrupt.signal.aborted) {
      firstMs = performance.now()
      interrupt.abort()
    } else if (performance.now() - firstMs > SAME_INTERRUPT_MS) {
      process.exit(130)
    }
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal)
  return interrupt.signal
}
