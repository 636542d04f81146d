import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { main, type Output } from './cli.ts'
import { FLAGS, HELP, type Options, parseOptions } from './deploy/options.ts'
import { createRecords } from './deploy/records.ts'
import { deploy, rehearse } from './deploy/run.ts'
import { checkConfig, readSecrets, readTarget } from './deploy/target.ts'
import { deployUnchecked, rehearseUnchecked } from './deploy/unchecked.ts'
import type { Job } from './deploy/upload.ts'
import { runWrangler, type Wrangler } from './deploy/wrangler.ts'
import { describeDatabase } from './postgres.ts'

/** Everything outside of `npm run deploy` that it uses. */
export type World = Output & {
  readonly env: NodeJS.ProcessEnv
  readonly configPath: string
  readonly wrangler: Wrangler
}

/** @returns the exit code: 0 when it is deployed, 1 when it is not, 2 when it was called or configured wrongly. */
export function runDeploy(args: readonly string[], world: World): Promise<number> {
  const run = async () => {
    const options = parseOptions(args)
    const job = await readJob(options, world)
    world.say(describeJob(job))
    const url = job.secrets.DATABASE_URL
    if (url === undefined) await (options.dryRun ? rehearseUnchecked : deployUnchecked)(job, world)
    else {
      const records = createRecords(url, job.target.worker)
      await (options.dryRun ? rehearse : deploy)({ ...job, url }, { ...world, records })
    }
    return 0
  }
  return main({ name: 'deploy', help: HELP, flags: FLAGS, run }, args, world, world.env)
}

/** @throws UsageError */
async function readJob({ env, live }: Options, world: World): Promise<Job> {
  const secrets = readSecrets(world.env)
  const target = await readTarget(world.configPath, env)
  const config = checkConfig(target.vars, secrets)
  const schedules = { SHARDS: config.shards, LATE_HOURS: config.lateHours }
  const id = randomBytes(4).toString('hex')
  return { target, secrets, schedules, id, live, configPath: world.configPath, config }
}

function describeJob({ target, config, secrets: { DATABASE_URL } }: Job): string {
  const { length } = config.tokens
  const tokens = length === 1 ? '1 token' : `${length || 'no'} tokens`
  return `Worker ${target.worker}, Postgres ${DATABASE_URL === undefined ? 'not named' : describeDatabase(DATABASE_URL)}, ${tokens} in this shell`
}

if (import.meta.main) {
  process.exitCode = await runDeploy(process.argv.slice(2), {
    env: process.env,
    configPath: join(import.meta.dirname, '../../wrangler.toml'),
    wrangler: runWrangler,
    say: console.log,
    complain: console.error,
  })
}
