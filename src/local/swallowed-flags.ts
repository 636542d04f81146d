import type { ParseArgsConfig } from 'node:util'

/** The options of a command, as Node's parseArgs takes them. */
export type Flags = NonNullable<ParseArgsConfig['options']>

/** npm sets this one at every run, so it does not tell whether a person wrote it. */
const ALWAYS_SET = 'prefix'

/** An option of ours that npm 11 takes for the beginning of one of its own. */
const EXPANDED: ReadonlyMap<string, string> = new Map([['token', 'tokendescription']])

/** Nobody who writes this wants the real thing to happen, also where the command has no such option. */
const DRY_RUN: Flags = { 'dry-run': { type: 'boolean' } }

/**
 * How to write the call so that its flags arrive: `npm run deploy -- --dry-run`. Undefined when nothing is missing.
 *
 * npm takes what is written before `--` for its own configuration, in silence or with a warning: `npm run deploy
 * --dry-run` would run a real deploy. A script finds such flags in its environment, as `npm_config_dry_run`. It does
 * not find `--key` and `--only`, because npm has deprecated options of these names (`@npmcli/config`, set-envs.js).
 *
 * @param options the options that the command knows.
 */
export function findSwallowedFlags(
  options: Flags,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): string | undefined {
  const script = env['npm_lifecycle_event']
  if (script === undefined) return undefined
  const taken = new Map(
    Object.entries(env).flatMap(([name, value]) => {
      const config = /^npm_config_(.+)$/.exec(name)?.[1]
      return config === undefined || value === undefined ? [] : [[bare(config), value] as const]
    }),
  )
  const flags = Object.keys({ ...options, ...DRY_RUN }).flatMap((name) => {
    const value = taken.get(bare(name)) ?? taken.get(EXPANDED.get(name) ?? '')
    const isGiven = args.some((arg) => arg === `--${name}` || arg.startsWith(`--${name}=`))
    if (value === undefined || isGiven || name === ALWAYS_SET) return []
    return [written(name, options[name]?.type === 'string', value)]
  })
  if (flags.length === 0) return undefined
  return ['npm run', script, '--', ...flags, ...args.map(quoted)].join(' ')
}

/** npm writes `_` for `-`, and a person may write `--dryrun`. */
function bare(name: string): string {
  return name.toLowerCase().replace(/[-_]/g, '')
}

function written(name: string, takesValue: boolean, value: string): string {
  // npm takes the word after a flag that it does not know for its value, and no value for `true`.
  if (!takesValue) return /^(true|false|)$/.test(value) ? `--${name}` : `--${name} ${quoted(value)}`
  // A token is not repeated on a screen or in a log.
  if (name === 'token' || /^(true|)$/.test(value)) return `--${name}=...`
  // npm gives several values of one option with a blank line between them.
  return value
    .split('\n\n')
    .map((one) => `--${name}=${quoted(one)}`)
    .join(' ')
}

function quoted(word: string): string {
  return /^[\w./:@,+=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
