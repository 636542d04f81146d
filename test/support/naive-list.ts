import type { Cell } from '../../src/model/cell.ts'
import { EMPTY_CELL, mergeCells } from '../../src/model/cell.ts'
import type { Hour } from '../../src/model/hour.ts'
import { covers } from '../../src/model/key.ts'
import type { ListItem, ListSort } from '../../src/model/read.ts'
import type { Where } from '../../src/model/slices/grouping.ts'
import { keyOf, labelsOf } from '../../src/model/slices/slice.ts'

/** The key may be that of a slice. */
export type Row = { readonly key: string; readonly hour: Hour; readonly cell: Cell; readonly flushMs: number }

export type Asked = {
  readonly prefix: string
  readonly grant: string | null
  readonly contains: string | null
  readonly where: readonly Where[]
  readonly from: Hour
  readonly to: Hour
  readonly sort: ListSort
  readonly depth: number | null
}

/** All items of a list, by loops over all rows that know nothing of ranges, pages or SQL. */
export function naiveList(rows: readonly Row[], asked: Asked): ListItem[] {
  const { prefix, grant, contains, where, from, to, depth } = asked
  const meeting = rows.filter(({ key }) => {
    const labels = labelsOf(key) ?? {}
    return where.every(({ name, values }) => values.includes(labels[name] ?? null))
  })
  const ofKeys = meeting.map((row) => ({ ...row, key: keyOf(row.key) }))
  const chosen = ofKeys.filter(
    ({ key, hour }) =>
      key.startsWith(prefix) &&
      key.includes(contains ?? '') &&
      covers(grant, key) &&
      hour >= from &&
      hour < to,
  )
  const groups = Map.groupBy(chosen, ({ key }) => (depth === null ? key : groupOf(key, prefix, depth)))
  const items = Array.from(groups, ([name, members]): ListItem => {
    const keys = new Set(members.map(({ key }) => key))
    return {
      key: name,
      ...members.map(({ cell }) => cell).reduce(mergeCells, EMPTY_CELL),
      group: depth === null ? null : { keys: keys.size, isKey: keys.has(name) },
      lastFlushMs: Math.max(...members.map(({ flushMs }) => flushMs)),
    }
  })
  return items.sort((a, b) => bySize(a, b, asked.sort) || compareBytes(a.key, b.key))
}

/** The key itself when it has no more segments than are asked for. */
function groupOf(key: string, prefix: string, depth: number): string {
  let end = prefix.lastIndexOf('/')
  for (let segment = 0; segment < depth; segment++) {
    end = key.indexOf('/', end + 1)
    if (end === -1) return key
  }
  return key.slice(0, end)
}

function bySize(a: ListItem, b: ListItem, sort: ListSort): number {
  if (sort === 'key') return 0
  const [x, y] = sort === '-sum' ? [a.sum, b.sum] : [BigInt(a.count), BigInt(b.count)]
  return x > y ? -1 : x < y ? 1 : 0
}

export function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
