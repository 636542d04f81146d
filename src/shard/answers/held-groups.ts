import type { Cell } from '../../model/cell.ts'
import { mergeCells } from '../../model/cell.ts'
import type { Visit } from '../../model/cells.ts'
import { covers } from '../../model/key.ts'
import type { GroupSubjects, Unsettled, UnsettledGroups } from '../../model/read.ts'
import type { SliceGrouping } from '../../model/slices/grouping.ts'
import { groupName, groupOfSlice } from '../../model/slices/grouping.ts'
import { isSliceOf, keyOf } from '../../model/slices/slice.ts'
import type { Memory } from '../memory.ts'
import { cellsOfParked } from '../parked.ts'
import { standingOf } from './holdings.ts'

/** Sums by the names of groups and of subjects. */
type SumsByName = Map<string, Cell>

/**
 * The cells that Postgres may not have, by groups: groups and not slices leave the shard, because there are fewer. Each
 * subject is there even where the shard holds nothing of it, so that a reader learns the writer. [R1] [L1] [S2]
 */
export function groupUnsettled(
  memory: Memory,
  subjects: GroupSubjects,
  grouping: SliceGrouping,
): UnsettledGroups {
  const { open, frozen, parked } = memory
  const ofOpen = sumsOf(subjects, grouping, (key, visit) =>
    key === null ? open.cells.forEach(visit) : open.forEachOf(key, visit),
  )
  const parkedCells = cellsOfParked(parked)
  const ofParked = sumsOf(subjects, grouping, (key, visit) =>
    parkedCells.forEach((slice, ...cell) => {
      if (key === null || isSliceOf(slice, key)) visit(slice, ...cell)
    }),
  )
  const ofFrozen = frozen.map(({ seq, cells }) => ({
    seq,
    sums: sumsOf(subjects, grouping, (key, visit) =>
      key === null ? cells.forEach(visit) : cells.forEachOf(key, visit),
    ),
  }))
  const names = new Set<string>(namesOf(subjects))
  for (const sums of [ofOpen, ofParked, ...ofFrozen.map(({ sums: own }) => own)]) {
    for (const name of sums.keys()) names.add(name)
  }
  const standing = standingOf(memory)
  const unsettledOf = (name: string): Unsettled => ({
    ...standing,
    open: ofOpen.get(name) ?? null,
    parked: ofParked.get(name) ?? null,
    frozen: ofFrozen.flatMap(({ seq, sums }) => {
      const cell = sums.get(name)
      return cell === undefined ? [] : [{ seq, cell }]
    }),
  })
  return Array.from(names, (name) => ({ name, unsettled: unsettledOf(name) }))
}

function namesOf(subjects: GroupSubjects): readonly string[] {
  return 'keys' in subjects ? subjects.keys : [subjects.prefix]
}

/** @param forEachOf visits the cells of a key, or all cells for null. */
function sumsOf(
  subjects: GroupSubjects,
  grouping: SliceGrouping,
  forEachOf: (key: string | null, visit: Visit) => void,
): SumsByName {
  const sums: SumsByName = new Map()
  const add = (name: string, cell: Cell) => {
    const held = sums.get(name)
    sums.set(name, held === undefined ? cell : mergeCells(held, cell))
  }
  const addTo =
    (subject: string): Visit =>
    (slice, sum, count, min, max) => {
      const group = groupOfSlice(slice, grouping)
      if (group === undefined) return
      const cell = { sum: BigInt(sum), count, min, max }
      add(subject, cell)
      add(groupName(subject, group), cell)
    }
  if ('keys' in subjects) {
    for (const key of subjects.keys) forEachOf(key, addTo(key))
    return sums
  }
  const { prefix, grant } = subjects
  const visit = addTo(prefix)
  forEachOf(null, (slice, ...cell) => {
    const key = keyOf(slice)
    if (key.startsWith(prefix) && covers(grant, key)) visit(slice, ...cell)
  })
  return sums
}
