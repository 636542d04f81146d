import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parser } from '@prometheus-io/lezer-promql'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { metricFamilies } from '../../../src/edge/operate/metric-families.ts'

const DOCS = join(import.meta.dirname, '../../../docs')

/** Every metric that there is, by name. */
const types = new Map(
  metricFamilies({ asked: 0, answered: [], whole: [], notices: [], disagreeing: null, days: null }).map(
    ({ name, type }) => [name, type],
  ),
)

/** Of Prometheus itself. */
const ITS_OWN = new Set(['up'])

/** Functions of what only rises. */
const OF_COUNTERS = new Set(['rate', 'irate', 'increase'])

type Use = { readonly metric: string; readonly within: string | undefined }

/** The metrics of an expression, each with the function that it is directly an argument of. */
function usesOf(expression: string): Use[] {
  const uses: Use[] = []
  const functions: { name: string; to: number }[] = []
  parser.parse(expression).iterate({
    enter({ type, from, to, node }) {
      if (type.isError) throw new Error(`no PromQL at ${from}: ${expression}`)
      if (type.name === 'FunctionCall') {
        const name = node.getChild('FunctionIdentifier')
        if (name !== null) functions.push({ name: expression.slice(name.from, name.to), to })
      }
      if (type.name !== 'VectorSelector') return
      const metric = node.getChild('Identifier')
      const isRange = node.parent?.name === 'MatrixSelector'
      const within = isRange ? functions.findLast((each) => each.to >= to)?.name : undefined
      if (metric !== null) uses.push({ metric: expression.slice(metric.from, metric.to), within })
    },
  })
  return uses
}

function expectRight(expression: string): void {
  const uses = usesOf(expression)
  expect(uses, expression).not.toEqual([])
  for (const { metric, within } of uses) {
    if (ITS_OWN.has(metric)) continue
    expect([...types.keys()], expression).toContain(metric)
    // A counter means something by its rises alone, and a gauge has none.
    expect(OF_COUNTERS.has(within ?? ''), expression).toBe(types.get(metric) === 'counter')
  }
}

type Panel = {
  readonly title: string
  readonly type: string
  readonly datasource: { readonly uid: string }
  readonly targets?: readonly { readonly expr: string; readonly datasource: { readonly uid: string } }[]
}

const dashboard = JSON.parse(readFileSync(join(DOCS, 'grafana.json'), 'utf8')) as {
  readonly panels: readonly Panel[]
  readonly templating: { readonly list: readonly { readonly name: string; readonly type: string }[] }
}

type Rule = {
  readonly alert: string
  readonly expr: string
  readonly for?: string
  readonly labels: { readonly severity: string }
  readonly annotations: { readonly summary: string; readonly runbook_url: string }
}

const rules = (
  parse(readFileSync(join(DOCS, 'alerts.yml'), 'utf8')) as { groups: readonly { rules: readonly Rule[] }[] }
).groups.flatMap((group) => group.rules)

const runbook = readFileSync(join(DOCS, 'runbook.md'), 'utf8')

describe('the dashboard', () => {
  const targets = dashboard.panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({ title, expr })),
  )

  test.each(targets)('$title: $expr', ({ expr }) => {
    expectRight(expr.replaceAll('$__rate_interval', '5m').replaceAll('$job', 'sumdial'))
  })

  test('takes its data from where the reader says', () => {
    expect(dashboard.templating.list).toContainEqual(
      expect.objectContaining({ name: 'datasource', type: 'datasource' }),
    )
    for (const { datasource, targets = [] } of dashboard.panels) {
      for (const { uid } of [datasource, ...targets.map((target) => target.datasource)]) {
        expect(uid).toMatch(/^\$\{datasource\}$/)
      }
    }
  })

  test('shows every metric, but for those that say what another says', () => {
    const shown = new Set(
      targets.flatMap(({ expr }) =>
        usesOf(expr.replaceAll('$__rate_interval', '5m')).map(({ metric }) => metric),
      ),
    )
    const left = [...types.keys()].filter((name) => !shown.has(name))
    expect(left).toEqual(['sumdial_senders', 'sumdial_asked_shards', 'sumdial_ledger_disagreeing_shards'])
  })
})

describe('the alerts', () => {
  test.each(rules)('$alert', ({ expr, annotations }) => {
    expectRight(expr)
    const section = /#([a-z-]+)$/.exec(annotations.runbook_url)?.[1]
    const sections = Array.from(runbook.matchAll(/^#+ (.*)$/gm), ([, title = '']) =>
      title.toLowerCase().replaceAll(' ', '-'),
    )
    expect(sections).toContain(section)
  })

  test('stand in the docs, each with what to do', () => {
    for (const { alert } of rules) expect(runbook).toContain(`\`${alert}\``)
  })
})

test('the docs have every metric', () => {
  for (const name of types.keys()) expect(runbook).toContain(`\`${name}`)
})
