import { SET_ASIDE_MAX, SLOW_CELLS_APART } from '../../limits.ts'
import { Accumulator } from '../accumulator.ts'
import { must } from '../assert.ts'
import { Cells } from '../cells.ts'
import type { CutBounds } from '../cut.ts'
import { cut } from '../cut.ts'
import { NO_WAIT } from '../retry.ts'
import type { Explained, Sealed } from './batch.ts'
import type { Trouble } from './trouble.ts'
import { isRipe, isSlow } from './trouble.ts'

/** A shard moves on to a new writer, and the batch in question is cut anew. */
export type Recut =
  /** The ledger has another past than the shard. Nothing is wrong with the cells. */
  | { readonly kind: 'keep' }
  /**
   * It failed, and others got through: it is cut in halves, or in many pieces when it took all of a statement's time.
   */
  | { readonly kind: 'cut'; readonly seq: number; readonly isSlow: boolean }
  /** Its one cell failed: it waits behind all others. */
  | { readonly kind: 'aside'; readonly seq: number }
  /**
   * It failed, and nothing shows that Postgres takes others: one cell is tried alone, each time far from those of before.
   * All else that has failed goes together again, so that trying does not leave many pieces.
   */
  | { readonly kind: 'probe'; readonly seq: number; readonly nth: number }
  /** Its one cell is at fault. */
  | { readonly kind: 'park'; readonly seq: number }

/** The cut that finds the cells at fault. */
export function cutOf(seq: number, why: Explained): Recut {
  return { kind: 'cut', seq, isSlow: isSlow(why) }
}

/** A batch as it is frozen, or as it is to be frozen. */
export type Piece = { readonly cells: Cells; readonly sinceMs: number; readonly trouble: Trouble | null }

type Frozen = Piece & { readonly seq: number; readonly id: string }

/** Every cell of the frozen batches is in exactly one of the three. [A1] [C1] */
export type MovedCells = {
  /** Increments that the seal showed to be in Postgres. */
  readonly settled: number
  /** The new writer's batches, in the order of its seqs from 1. */
  readonly pieces: readonly Piece[]
  /** The cells of the batch that is parked; none otherwise. */
  readonly parked: Cells
}

/** @param throughs how many batches have got through. */
export type RecutBy = { readonly bounds: CutBounds; readonly throughs: number }

/**
 * Decides on the frozen batches of a writer that was sealed. Batches below the ledger's seq have been applied, and so
 * has the one at that seq if its id is the same; no copy of the others can be applied any more. [P1] [F3]
 */
export function recutFrozen(
  frozen: readonly Frozen[],
  sealed: Sealed,
  recut: Recut,
  by: RecutBy,
): MovedCells {
  const isApplied = ({ seq, id }: Frozen) => seq < sealed.seq || (seq === sealed.seq && id === sealed.batch)
  const applied = frozen.filter(isApplied)
  const rest = clearOf(
    applied,
    frozen.filter((batch) => !isApplied(batch)),
  )
  const target = recut.kind === 'keep' ? undefined : rest.find(({ seq }) => seq === recut.seq)
  const key = recut.kind === 'park' ? target?.cells.keyAt(0) : undefined
  const isParked = (batch: Frozen) => batch === target || (isAlone(batch) && batch.cells.keyAt(0) === key)
  const parked = key === undefined ? [] : rest.filter(isParked)
  const left = rest.filter((batch) => !parked.includes(batch))
  return {
    settled: applied.reduce((sum, { cells }) => sum + cells.countIncrements(), 0),
    pieces: target === undefined ? rest : arrange(left, target, recut, by),
    parked: Cells.of(parked.flatMap(({ cells }) => [...cells])),
  }
}

/** Once a cell that failed by itself has got through, later cells of its key have not failed. */
export function clearOf<T extends Piece>(applied: readonly Piece[], rest: readonly T[]): T[] {
  const keys = new Set(applied.filter(isAlone).map(({ cells }) => cells.keyAt(0)))
  return rest.map((batch) =>
    isAlone(batch) && keys.has(batch.cells.keyAt(0)) ? { ...batch, trouble: null } : batch,
  )
}

/** Whether a batch is a cell that failed by itself. */
function isAlone({ trouble }: Piece): boolean {
  return trouble !== null && trouble.alone > 0
}

/** Puts what has not failed first, and what failed by itself last. */
function arrange(rest: readonly Frozen[], target: Frozen, recut: Recut, by: RecutBy): readonly Piece[] {
  const others = rest.filter((batch) => batch !== target)
  const untried = others.filter(({ trouble }) => trouble === null)
  const alone = others.filter(isAlone)
  const failed = others.filter((batch) => batch.trouble !== null && !isAlone(batch))
  const isNext = ({ trouble }: Piece) => trouble !== null && isRipe(trouble, by.throughs)
  const [ripe, aside] = [alone.filter(isNext), alone.filter((piece) => !isNext(piece))]
  switch (recut.kind) {
    case 'keep':
      return rest
    case 'park':
      return [...untried, ...ripe, ...failed, ...aside]
    case 'aside':
      return [...untried, ...ripe, ...failed, ...aside, target]
    case 'cut': {
      const pieces = piecesOf(target, recut.isSlow)
      return recut.isSlow
        ? [...untried, ...ripe, ...failed, ...pieces, ...aside]
        : [...untried, ...ripe, ...pieces, ...failed, ...aside]
    }
    case 'probe': {
      const isOne = target.cells.length === 1
      const waiting = isOne ? [...alone, target] : alone
      const kept = waiting.slice(-SET_ASIDE_MAX)
      const again = [...failed, ...waiting.slice(0, -SET_ASIDE_MAX)]
      const from = isOne ? putTogether(again, target, recut.nth, by) : [target]
      const [probe, left] = takeOne(from, recut.nth)
      const remains = isOne ? left : putTogether([...again, ...left], target, recut.nth, by)
      // By turns, so that neither many batches nor many cells keep the other from being tried.
      return isOne ? [...untried, ...probe, ...remains, ...kept] : [...probe, ...untried, ...remains, ...kept]
    }
  }
}

/**
 * Cuts open cells into pieces to freeze. Cells of a key that has failed by itself stay apart from the others, with what it
 * has been through.
 */
export function piecesToFreeze(
  open: Cells,
  frozen: readonly Piece[],
  sinceMs: number,
  bounds: CutBounds,
): Piece[] {
  const troubles = new Map(
    frozen.filter(isAlone).map(({ cells, trouble }) => [cells.keyAt(0), trouble] as const),
  )
  const others = troubles.size === 0 ? open : open.where((key) => !troubles.has(key))
  const apart = troubles.size === 0 ? new Cells() : open.where((key) => troubles.has(key))
  return [
    ...cut(others, bounds).map((cells) => ({ cells, sinceMs, trouble: null })),
    ...cut(apart, { ...bounds, cells: 1 }).map((cells) => ({
      cells,
      sinceMs,
      trouble: troubles.get(cells.keyAt(0)) ?? null,
    })),
  ]
}

function piecesOf({ cells, sinceMs, trouble }: Frozen, isSlow: boolean): Piece[] {
  const size = isSlow ? slowPiece(cells.length) : Math.ceil(cells.length / 2)
  const known = trouble === null ? null : { ...trouble, isKnown: false }
  return Array.from({ length: Math.ceil(cells.length / size) }, (_, i) => ({
    cells: cells.slice(i * size, (i + 1) * size),
    sinceMs,
    trouble: known,
  }))
}

/** Cells of a piece of a slow batch. Two cuts leave single cells, because each step takes all of a statement's time. */
function slowPiece(cells: number): number {
  return cells > SLOW_CELLS_APART ? Math.ceil(Math.sqrt(cells)) : 1
}

/**
 * Puts batches that have failed together again, in as few as the bounds allow. Once others get through they are cut, as they
 * are known to fail; but not after many failures in a row, because then it is rather that something has passed.
 */
function putTogether(
  batches: readonly Piece[],
  { trouble }: Frozen,
  nth: number,
  { bounds }: RecutBy,
): Piece[] {
  const all = new Accumulator()
  for (const { cells } of batches) all.addCells(cells)
  // The latest, because what got through before some of these had failed says nothing of them. [P3]
  const since = Math.max(...batches.map((batch) => must(batch.trouble, 'the trouble of what failed').since))
  const sinceMs = Math.min(...batches.map((batch) => batch.sinceMs))
  const { why } = must(trouble, 'the trouble of what failed')
  const known = { why, since, isKnown: nth < PASSED, alone: 0, aloneAt: 0, wait: NO_WAIT }
  return cut(all.cells, bounds).map((cells) => ({ cells, sinceMs, trouble: known }))
}

/** Failures in a row from which on it is rather Postgres that was at fault. */
const PASSED = 3

/** Multiples of it, less their whole part, lie far from each other. */
const GOLDEN = (Math.sqrt(5) - 1) / 2

/** Takes one cell out of the batches. Each `nth` takes another, far away. */
function takeOne(batches: readonly Piece[], nth: number): [Piece[], Piece[]] {
  const count = batches.reduce((sum, { cells }) => sum + cells.length, 0)
  let place = Math.floor(((nth * GOLDEN) % 1) * count)
  const taken: Piece[] = []
  const left = batches.flatMap((batch) => {
    const { length } = batch.cells
    const own = place
    place -= length
    if (own < 0 || own >= length) return [batch]
    taken.push({ ...batch, cells: batch.cells.slice(own, own + 1) })
    const places = Array.from({ length }, (_, i) => i).filter((i) => i !== own)
    return length === 1 ? [] : [{ ...batch, cells: batch.cells.pick(places) }]
  })
  return [taken, left]
}
