import { parseFlags, parseWholeNumber, UsageError } from '../../src/local/cli.ts'
import type { Scenario } from './scenario.ts'

/** A scenario that was asked for, with its settings and parts. */
export type Chosen = {
  readonly scenario: Scenario
  readonly settings: Readonly<Record<string, number>>
  readonly parts: ReadonlySet<string>
}

export type Options = {
  readonly chosen: readonly Chosen[]
  readonly isQuick: boolean
  /** Paths of files to write. */
  readonly json: string | undefined
  readonly svg: string | undefined
}

/** No setting needs to be higher, unless it says so. */
const MOST = 1_000_000_000

const COMMON = {
  scenario: { type: 'string', default: 'counting' },
  quick: { type: 'boolean', default: false },
  only: { type: 'string', default: '' },
  json: { type: 'string' },
  svg: { type: 'string' },
} as const

/** @throws UsageError */
export function parseOptions(args: readonly string[], all: readonly Scenario[]): Options {
  const names = settingsOf(all)
  const { values } = parseFlags(args, flagsOf(all))
  const scenarios = values.scenario === 'all' ? all : all.filter(({ name }) => name === values.scenario)
  if (scenarios.length === 0) {
    throw new UsageError(`There is no scenario "${values.scenario}": choose ${namesOf(all)} or all.`)
  }
  const given = new Map(names.flatMap((name) => numberGiven(name, values)))
  for (const name of given.keys()) {
    const takers = all.filter(({ settings }) => name in settings)
    if (takers.some((taker) => scenarios.includes(taker))) continue
    throw new UsageError(`--${name} is an option of ${namesOf(takers)}, not of ${namesOf(scenarios)}.`)
  }
  const chosen = scenarios.map((scenario) => choose(scenario, given, values.quick, values.only))
  if (chosen.every(({ parts }) => parts.size === 0)) {
    const parts = scenarios.flatMap((scenario) => scenario.parts)
    throw new UsageError(`No part has "${values.only}" in its name. Parts: ${parts.join('; ')}.`)
  }
  return {
    chosen: chosen.filter(({ parts }) => parts.size > 0),
    isQuick: values.quick,
    json: values.json,
    svg: values.svg,
  }
}

export function flagsOf(all: readonly Scenario[]) {
  return {
    ...Object.fromEntries(settingsOf(all).map((name) => [name, { type: 'string' as const }])),
    ...COMMON,
  }
}

function settingsOf(all: readonly Scenario[]): string[] {
  return all.flatMap(({ settings }) => Object.keys(settings))
}

function numberGiven(name: string, values: object): [string, string][] {
  const text: unknown = Reflect.get(values, name)
  return typeof text === 'string' ? [[name, text]] : []
}

/** A part that is asked for by name is measured in a quick run too. */
function choose(
  scenario: Scenario,
  given: ReadonlyMap<string, string>,
  isQuick: boolean,
  only: string,
): Chosen {
  const offered = isQuick && only === '' ? (scenario.quickParts ?? scenario.parts) : scenario.parts
  const settings = Object.entries(scenario.settings).map(([name, setting]) => {
    const text = given.get(name)
    const untold = isQuick ? (setting.quick ?? setting.usual) : setting.usual
    const { least = 1, most = MOST } = setting
    return [name, text === undefined ? untold : parseWholeNumber(`--${name}`, text, least, most)]
  })
  return {
    scenario,
    settings: Object.fromEntries(settings),
    parts: new Set(offered.filter((part) => part.includes(only))),
  }
}

function namesOf(scenarios: readonly Scenario[]): string {
  return scenarios.map(({ name }) => name).join(', ')
}

export function describeHelp(all: readonly Scenario[]): string {
  return `Usage: npm run bench -- [--scenario NAME] [options]

Measures Sumdial on this machine: the Worker as it is deployed, served by workerd itself, before a real PostgreSQL.
Exits with 0; with 1 when something happened that must never happen, such as a lost increment; with 2 when it was
called wrongly. A figure that misses its aim is shown, and changes nothing.

Options:
  --scenario NAME  ${namesOf(all)} or all (counting)
  --quick          fewer parts, rounds and seconds
  --only TEXT      only the parts whose name has TEXT in it, in a quick run too
  --json FILE      write everything that was measured to FILE
  --svg FILE       draw the rates of the scenario "counting" in FILE
  --help           show this

Scenarios, each with its own options:

${all.map(describeScenario).join('\n\n')}`
}

function describeScenario({ name, shows, parts, settings }: Scenario): string {
  const options = Object.entries(settings).map(([option, { usual, quick, is }]) => {
    const untold = quick === undefined ? String(usual) : `${usual}; quick: ${quick}`
    return `  ${`--${option} N`.padEnd(15)}${is} (${untold})`
  })
  return [name, wrapped(shows), wrapped(`Parts: ${parts.join('; ')}.`), ...options].join('\n')
}

/** Indented lines of at most 110 characters. */
function wrapped(text: string): string {
  return text.replaceAll(/(.{1,108})(?: |$)/g, '  $1\n').trimEnd()
}
