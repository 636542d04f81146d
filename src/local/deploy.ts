import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { describeDatabase } from './database-url.ts'
import { DeployError } from './deploy/deploy-error.ts'
import { HELP, type Options, parseOptions, UsageError } from './deploy/options.ts'
import { createRecords } from './deploy/records.ts'
import { deploy, type Job, rehearse } from './deploy/run.ts'
import { checkConfig, readSecrets, readTarget } from './deploy/target.ts'
import { runWrangler, type Wrangler } from './deploy/wrangler.ts'

/** What `npm run deploy` meets the world with. */
export type World = {
  readonly env: NodeJS.ProcessEnv
  readonly configPath: string
  readonly wrangler: Wrangler
  readonly say: (text: string) => void
  readonly complain: (text: string) => void
}

/** @returns the exit code: 0 when it is deployed, 1 when it is not, 2 when it was called or configured wrongly. */
export async function main(args: readonly string[], world: World): Promise<number> {
  try {
    const options = parseOptions(args)
    if (options.help) return say(world, HELP)
    const job = readJob(options, world)
    say(world, describeJob(job))
    const records = createRecords(job.config.databaseUrl, job.target.worker)
    await (options.dryRun ? rehearse : deploy)(job, { ...world, records })
    return 0
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof DeployError)) throw error
    world.complain(error.message)
    return error instanceof UsageError ? 2 : 1
  }
}

/** @throws UsageError */
function readJob({ env, live }: Options, world: World): Job {
  const secrets = readSecrets(world.env)
  const target = readTarget(world.configPath, env)
  const config = checkConfig(target.vars, secrets)
  const schedules = { SHARDS: config.shards, LATE_HOURS: config.lateHours }
  const id = randomBytes(4).toString('hex')
  return { target, secrets, schedules, id, live, configPath: world.configPath, config }
}

function describeJob({ target, config }: Job): string {
  const { length } = config.tokens
  const tokens = length === 1 ? '1 token' : `${length || 'no'} tokens`
  return `Worker ${target.worker}, Postgres ${describeDatabase(config.databaseUrl)}, ${tokens} in this shell`
}

function say(world: World, text: string): number {
  world.say(text)
  return 0
}

if (import.meta.main) {
  process.exitCode = await main(process.argv.slice(2), {
    env: process.env,
    configPath: join(import.meta.dirname, '../../wrangler.toml'),
    wrangler: runWrangler,
    say: console.log,
    complain: console.error,
  })
}
