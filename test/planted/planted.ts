import { availableParallelism } from 'node:os'
import { main, parseFlags, parseWholeNumber, UsageError } from '../../src/local/cli.ts'
import { must } from '../../src/model/assert.ts'
import { onExit } from '../support/on-exit.ts'
import type { Plant } from './plant.ts'
import { PLANTS } from './plants.ts'
import { runSuite, type Verdict } from './suite.ts'
import { copyTree, PlantNotFound, type Tree } from './tree.ts'

const HELP = `Usage: npm run planted -- [options]

Plants one mistake at a time into a copy of the project, and runs the test file that must catch it. Before that the same
files must pass without any mistake. Exits with 1 when a mistake survives, or when the source has changed so that it
can no longer be planted.

Options:
  --only TEXT   only the plants whose name contains TEXT
  --jobs N      copies to plant in at the same time (default: 2, or 1 on a single core)
  --list        list the plants, and plant none
  --help        show this`

/** The outcome of a plant. */
type Outcome =
  | { readonly kind: 'caught'; readonly by: readonly string[] }
  | { readonly kind: 'survived' }
  /** It could not be planted, or what it made does not load. */
  | { readonly kind: 'void'; readonly reason: string }

type Row = { readonly plant: Plant; readonly outcome: Outcome; readonly seconds: number }

/** Titles that the table shows of those that caught a plant. */
const TITLES_SHOWN = 2

type Options = { readonly plants: readonly Plant[]; readonly jobs: number }

const FLAGS = {
  only: { type: 'string', default: '' },
  jobs: { type: 'string', default: String(Math.min(2, availableParallelism())) },
  list: { type: 'boolean', default: false },
} as const

/** @returns the text to show, when none are to be planted. @throws UsageError */
function parseOptions(args: readonly string[]): Options | string {
  const { values } = parseFlags(args, FLAGS)
  const plants = PLANTS.filter(({ name }) => name.includes(values.only))
  if (plants.length === 0) throw new UsageError(`No plant has "${values.only}" in its name.`)
  if (values.list) return plants.map(({ name, mistake }) => `${name}: ${mistake}`).join('\n')
  return { plants, jobs: parseWholeNumber('--jobs', values.jobs, 1, 9) }
}

/** Runs the test files without any plant. @returns the titles that fail. */
async function checkGreen(tree: Tree, plants: readonly Plant[]): Promise<string[]> {
  const faults: string[] = []
  for (const [project, all] of Map.groupBy(plants, ({ suite }) => suite.project)) {
    const files = [...new Set(all.map(({ suite }) => suite.file))]
    const { passed, failed, broken } = await runSuite(tree.dir, { project, files })
    console.error(`unplanted, ${project}: ${passed} tests of ${files.length} files pass`)
    faults.push(...failed, ...broken)
  }
  return faults
}

async function plantOne(tree: Tree, plant: Plant): Promise<Row> {
  const beganMs = performance.now()
  const outcome = await outcomeOf(tree, plant)
  return { plant, outcome, seconds: (performance.now() - beganMs) / 1000 }
}

async function outcomeOf(tree: Tree, { edits, suite }: Plant): Promise<Outcome> {
  try {
    return judge(await tree.withEdits(edits, () => runSuite(tree.dir, { ...suite, files: [suite.file] })))
  } catch (error) {
    if (error instanceof PlantNotFound) return { kind: 'void', reason: error.message }
    throw error
  }
}

function judge({ failed, broken }: Verdict): Outcome {
  if (broken.length > 0) return { kind: 'void', reason: broken.join('; ') }
  return failed.length > 0 ? { kind: 'caught', by: failed } : { kind: 'survived' }
}

function describe({ plant, outcome, seconds }: Row): string {
  return `${plant.name}: ${summary(outcome)} (${seconds.toFixed(1)} s)`
}

function summary(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'caught':
      return `caught by ${outcome.by.length}`
    case 'survived':
      return 'SURVIVED'
    case 'void':
      return `NOT PLANTED, ${outcome.reason}`
  }
}

/** In Markdown, for an issue or a page to take as it is. */
function table(rows: readonly Row[]): string {
  const lines = rows.map(({ plant, outcome }) => {
    const by = outcome.kind === 'caught' ? shown(outcome.by) : `**${summary(outcome)}**`
    return `| ${plant.name} | ${plant.mistake} | ${by} |`
  })
  return ['| planted | the mistake | caught by |', '| --- | --- | --- |', ...lines].join('\n')
}

function shown(titles: readonly string[]): string {
  const more = titles.length > TITLES_SHOWN ? [`and ${titles.length - TITLES_SHOWN} more`] : []
  return [...titles.slice(0, TITLES_SHOWN), ...more].join('; ')
}

/** @returns the exit code: 0, or 1 when a plant survives or cannot be planted. */
async function run(args: readonly string[]): Promise<number> {
  const options = parseOptions(args)
  if (typeof options === 'string') {
    console.log(options)
    return 0
  }
  const trees = Array.from({ length: options.jobs }, copyTree)
  const removeAll = () => {
    for (const tree of trees) tree.remove()
  }
  const forget = onExit(removeAll)
  try {
    return await plantAll(trees, options.plants)
  } finally {
    forget()
    removeAll()
  }
}

/** @param trees as many as mistakes are planted at the same time. */
async function plantAll(trees: readonly Tree[], plants: readonly Plant[]): Promise<number> {
  const faults = await checkGreen(must(trees[0], 'a tree'), plants)
  for (const fault of faults) console.error(`red without a plant: ${fault}`)
  if (faults.length > 0) return 1
  const rows: Row[] = []
  const queue = plants.values()
  await Promise.all(
    trees.map(async (tree) => {
      for (const plant of queue) {
        const row = await plantOne(tree, plant)
        rows.push(row)
        console.error(`${rows.length}/${plants.length} ${describe(row)}`)
      }
    }),
  )
  rows.sort((a, b) => plants.indexOf(a.plant) - plants.indexOf(b.plant))
  const caught = rows.filter(({ outcome }) => outcome.kind === 'caught').length
  console.log(`${table(rows)}\n\n${caught} of ${rows.length} caught`)
  return caught === rows.length ? 0 : 1
}

if (import.meta.main)
  process.exitCode = await main({ name: 'planted', help: HELP, flags: FLAGS, run }, process.argv.slice(2))
