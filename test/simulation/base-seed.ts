import { execFileSync } from 'node:child_process'

/** The seed where there is no commit, such as in an archive of the source. */
const FALLBACK = 0

/** How many hexadecimal digits of a commit become the seed; as a decimal number that is at most nine digits. */
const HEX_DIGITS = 7

/**
 * The first seed of a test run. It comes from the commit, so that each commit explores worlds that no commit before it
 * has seen, and a run can be repeated. `SIMULATE_FROM` in the environment takes its place.
 */
export function baseSeed(): number {
  const asked = process.env['SIMULATE_FROM']
  if (asked === undefined || asked === '') return commitSeed()
  if (!/^\d{1,9}$/.test(asked)) throw new Error('SIMULATE_FROM must be a whole number of at most nine digits')
  return Number(asked)
}

function commitSeed(): number {
  try {
    const stdio = ['ignore', 'pipe', 'ignore'] as const
    const commit = execFileSync('git', ['rev-parse', 'HEAD'], {
      cwd: import.meta.dirname,
      encoding: 'utf8',
      stdio: [...stdio],
    })
    return Number.parseInt(commit.slice(0, HEX_DIGITS), 16)
  } catch {
    return FALLBACK
  }
}
