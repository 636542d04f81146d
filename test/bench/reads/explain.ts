import type pg from 'pg'
import { z } from 'zod'
import type { NeonStatement } from '../../../src/local/neon/backend.ts'

/** A statement as EXPLAIN (ANALYZE, BUFFERS) describes it. */
export type Explained = {
  /** How hours and days were read, by index or else `Seq Scan`, each way once. */
  readonly scans: readonly string[]
  readonly isSequential: boolean
  /** Rows read of hours and days, over all loops and workers. */
  readonly rows: number
  /** Pages of 8 kB that it looked at, whether or not Postgres's cache had them. */
  readonly pages: number
  /** The planner's estimate. From 100,000 on, a PostgreSQL with a compiler compiles the statement (JIT). */
  readonly cost: number
  readonly milliseconds: number
}

const nodeSchema = z.looseObject({
  'Node Type': z.string(),
  'Relation Name': z.string().optional(),
  'Index Name': z.string().optional(),
  'Actual Rows': z.number(),
  'Actual Loops': z.number(),
  'Shared Hit Blocks': z.number(),
  'Shared Read Blocks': z.number(),
  'Total Cost': z.number(),
  get Plans() {
    return z.array(nodeSchema).optional()
  },
})

type Node = z.infer<typeof nodeSchema>

const explainSchema = z.tuple([
  z.object({ 'QUERY PLAN': z.tuple([z.looseObject({ Plan: nodeSchema, 'Execution Time': z.number() })]) }),
])

export async function explain(client: pg.ClientBase, { text, params }: NeonStatement): Promise<Explained> {
  const { rows } = await client.query(`explain (analyze, buffers, format json) ${text}`, [...params])
  const [
    {
      'QUERY PLAN': [explained],
    },
  ] = explainSchema.parse(rows)
  const nodes = allNodes(explained.Plan)
  const read = nodes.filter(isOfCells)
  return {
    scans: [...new Set(nodes.flatMap(scanOf))],
    isSequential: read.some((node) => node['Node Type'] === 'Seq Scan'),
    rows: Math.round(read.reduce((sum, node) => sum + node['Actual Rows'] * node['Actual Loops'], 0)),
    pages: explained.Plan['Shared Hit Blocks'] + explained.Plan['Shared Read Blocks'],
    cost: explained.Plan['Total Cost'],
    milliseconds: explained['Execution Time'],
  }
}

function allNodes(node: Node): Node[] {
  return [node, ...(node.Plans ?? []).flatMap(allNodes)]
}

function isOfCells(node: Node): boolean {
  return node['Relation Name'] === 'counters' || node['Relation Name'] === 'days'
}

/** The index of a bitmap heap scan is in a node of its own. */
function scanOf(node: Node): string[] {
  const index = node['Index Name']
  if (index !== undefined) return [`${index}${node['Node Type'] === 'Bitmap Index Scan' ? ' (bitmap)' : ''}`]
  return isOfCells(node) && node['Node Type'] === 'Seq Scan' ? ['Seq Scan'] : []
}
