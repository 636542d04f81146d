import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Fetch } from '../../../src/client/internal.ts'
import { FATES, ModelServer, type RequestFate } from '../../client/model-server.ts'
import { casesOf } from '../../support/thorough.ts'
import { figures, importing, instantTiming, logLine, type RigOutcome, type Settings } from './rig.ts'

const HOURS = ['17/May/2015:10:05:03 +0000', '17/May/2015:11:05:03 +0000', '17/May/2015:12:05:03 +0000']

/** A log whose keys are all different; the model puts every second one into another shard. */
function logOf(hours: readonly number[]): string {
  return hours.map((hour, n) => logLine(n, HOURS[hour])).join('')
}

const keyOf = (line: number) => `requests/${line - 1}`

/** One try to import it. */
type Run = {
  /** The faults of its first requests. */
  readonly fates: readonly RequestFate[]
  /** The request at which the process is killed, and whether that still arrives; null when it is not killed. */
  readonly kill: { readonly at: number; readonly arrives: boolean } | null
  readonly concurrency: number
  readonly isPacked: boolean
  /** How much of the file is there. */
  readonly share: number
  /** Keys that begin so are refused, as by a token with a prefix. */
  readonly forbidden: string
  readonly format: 'auto' | 'common' | 'combined'
  readonly since?: number
}

/** Answers that stop an import, which is as good as a kill. */
const STOPPING: readonly RequestFate[] = ['no token', 'no scope', 'redirect']
const PASSING = FATES.filter((one) => !STOPPING.includes(one) && one !== 'too large')

const fate = fc.oneof(
  { weight: 30, arbitrary: fc.constantFrom(...PASSING) },
  { weight: 1, arbitrary: fc.constantFrom(...STOPPING) },
)

const run = (more: { growing: boolean; refusing: boolean }): fc.Arbitrary<Run> =>
  fc.record({
    fates: fc.array(fate, { maxLength: 12, size: 'max' }),
    kill: fc.option(fc.record({ at: fc.nat(16), arrives: fc.boolean() })),
    concurrency: fc.integer({ min: 1, max: 4 }),
    isPacked: fc.boolean(),
    share: more.growing ? fc.integer({ min: 0, max: 100 }).map((percent) => percent / 100) : fc.constant(1),
    forbidden: more.refusing ? fc.constantFrom('none', 'requests/1', 'requests/2') : fc.constant('none'),
    format: more.refusing ? fc.constantFrom('auto', 'combined') : fc.constant('auto'),
  })

/** @returns undefined when it was killed */
async function once(server: ModelServer, log: string, how: Run): Promise<RigOutcome | undefined> {
  const lines = log.split('\n').slice(0, -1)
  const text = lines.slice(0, Math.ceil(lines.length * how.share)).join('\n')
  const bytes = Buffer.from(how.isPacked ? gzipSync(text) : text)
  server.forbidden = how.forbidden
  let requests = 0
  let isDead = false
  let die: () => void = () => undefined
  const killed = new Promise<undefined>((resolve) => {
    die = () => {
      isDead = true
      resolve(undefined)
    }
  })
  const fetch: Fetch = async (url, init) => {
    if (!isDead && requests++ === how.kill?.at) {
      if (how.kill.arrives) await server.fetch(url, init).catch(() => undefined)
      die()
    }
    return isDead ? new Promise(() => undefined) : server.fetch(url, init)
  }
  const settings: Partial<Settings> = { fetch, batchLines: 5, timing: instantTiming() }
  const { concurrency, format, since = null } = how
  return Promise.race([importing([bytes], { ...settings, concurrency, format, since }), killed])
}

const CALM: Run = {
  fates: [],
  kill: null,
  concurrency: 2,
  isPacked: false,
  share: 1,
  forbidden: 'none',
  format: 'auto',
}

const hours = fc.array(fc.nat(HOURS.length - 1), {
  minLength: 1,
  maxLength: 60,
  size: 'max',
})

/** Imports, and checks the counts against the outcome of each line. */
async function tried(server: ModelServer, log: string, how: Run): Promise<RigOutcome | undefined> {
  server.fail(how.fates)
  const earlier = new Map(server.counts)
  const outcome = await once(server, log, how)
  for (const [line, said] of outcome?.tally.outcomes ?? []) {
    const [before, now] = [earlier.get(keyOf(line)) ?? 0, server.counts.get(keyOf(line)) ?? 0]
    expect(now).toBeLessThanOrEqual(1)
    if (said === 'counted') expect([line, said, now]).toEqual([line, said, 1])
    else if (said !== 'unknown') expect([line, said, now]).toEqual([line, said, before])
  }
  return outcome
}

/** Imports as the runs say, and then once more undisturbed. */
async function triedToTheEnd(log: string, runs: readonly Run[]) {
  const server = new ModelServer([])
  for (const how of runs) await tried(server, log, how)
  const last = await tried(server, log, CALM)
  if (last === undefined) throw new Error('killed')
  return { server, last }
}

test('[I3] however often it is killed, and whatever is lost: a run that ends has counted each line once', async () => {
  await fc.assert(
    fc.asyncProperty(
      hours,
      fc.array(run({ growing: false, refusing: false }), { maxLength: 5, size: 'max' }),
      async (of, runs) => {
        const log = logOf(of)
        const { server, last } = await triedToTheEnd(log, runs)
        const { accepted, before, code } = { accepted: 0, before: 0, ...figures(last) }
        expect([accepted + before, code]).toEqual([of.length, 0])
        const again = await once(server, log, CALM)
        expect(again && figures(again)).toEqual({ before: of.length, code: 0 })
        expect([...server.counts.values()].every((count) => count === 1)).toBe(true)
      },
    ),
    { numRuns: casesOf(200) },
  )
})

test('[I3] also when the file grows, the token changes or other lines are read: nothing counts twice, nothing is dropped unsaid', async () => {
  await fc.assert(
    fc.asyncProperty(
      hours,
      fc.array(run({ growing: true, refusing: true }), { maxLength: 6, size: 'max' }),
      async (of, runs) => {
        const { server, last } = await triedToTheEnd(logOf(of), runs)
        expect(last.tally.outcomes.size).toBe(of.length)
        // A line that is not counted is told as one that is not.
        for (const [line, outcome] of last.tally.outcomes) {
          if (!server.counts.has(keyOf(line))) expect([line, outcome]).toEqual([line, 'conflict'])
        }
        expect(last.code).toBe(last.tally.conflicting.count > 0 ? 1 : 0)
      },
    ),
    { numRuns: casesOf(400) },
  )
})

test('a file that has grown: complete batches count once, and the batch that has got more lines is said', async () => {
  const server = new ModelServer([])
  const log = logOf(Array.from({ length: 30 }, () => 0))
  await once(server, log, { ...CALM, share: 12 / 30 })
  const grown = await once(server, log, CALM)
  expect(grown && figures(grown)).toEqual({ accepted: 15, before: 10, conflicts: 5, code: 1 })
  expect([...server.counts.values()]).toEqual(Array.from({ length: 27 }, () => 1))
  expect(grown?.said).toEqual([
    'lines 11-15 not counted: an earlier import counted other lines under the name of their batch',
  ])
  expect(grown?.summary).toContain('import it with --since LINE')
})

test('--since goes on with a file that has grown: every line counts once, before and after a refusal, and again', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(2), { minLength: 2, maxLength: 40 }),
      fc.double({ min: 0.01, max: 0.99, noNaN: true }),
      fc.boolean(),
      fc.array(fate, { maxLength: 6 }),
      async (hours, share, isRefusedFirst, fates) => {
        const server = new ModelServer([])
        const log = logOf(hours)
        const first = await once(server, log, { ...CALM, share })
        const since = (first?.tally.lines ?? 0) + 1
        if (isRefusedFirst) await once(server, log, CALM)
        await once(server, log, { ...CALM, fates, since })
        const last = await once(server, log, { ...CALM, since })
        expect([...server.counts.values()]).toEqual(hours.map(() => 1))
        expect(last && figures(last)).toMatchObject({ before: hours.length, code: 0 })
      },
    ),
    { numRuns: casesOf(300) },
  )
})

test('a rest keeps its name: with a token that may count all, nothing of it counts again, and it is said', async () => {
  const server = new ModelServer([])
  const log = logOf([0, 0, 0, 0])
  const limited = await once(server, log, { ...CALM, forbidden: 'requests/1' })
  expect(limited && figures(limited)).toEqual({ accepted: 3, refused: 1, code: 1 })
  const whole = await once(server, log, CALM)
  // The two shards hold each a rest: 0 and 2 are all of the first, but of the second one was missing.
  expect(whole && figures(whole)).toMatchObject({ code: 1 })
  expect([...server.counts.values()]).toEqual([1, 1, 1])
  expect(whole?.tally.conflicting.count).toBeGreaterThan(0)
})

test('--again counts everything once more', async () => {
  const server = new ModelServer([])
  const log = logOf([0, 1, 2])
  await once(server, log, CALM)
  const again = await importing(log, { fetch: server.fetch, salt: 'random' })
  expect(figures(again)).toEqual({ accepted: 3, code: 0 })
  expect([...server.counts.values()]).toEqual([2, 2, 2])
})
