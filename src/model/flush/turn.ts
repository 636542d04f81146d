import { waitsUntilMs } from '../retry.ts'
import type { Explained } from './batch.ts'
import type { Recut } from './recut.ts'
import { cutOf } from './recut.ts'
import type { Course, Tried } from './trouble.ts'
import { isInDoubt, isRipe } from './trouble.ts'

/** The next thing to do with what is frozen. */
export type Turn =
  /** Send the first batch. */
  | { readonly kind: 'send' }
  /** Move to a new writer first, because the first batch would hold up others, or fail as it stands. */
  | { readonly kind: 'move_on'; readonly recut: Recut; readonly why: Explained }
  /** Nothing, because all that is frozen is nothing or left alone for now. */
  | { readonly kind: 'rest' }

export function planTurn(frozen: readonly Tried[], course: Course, nowMs: number): Turn {
  const [head] = frozen
  if (head === undefined) return { kind: 'rest' }
  const { seq, cells, trouble } = head
  if (trouble === null) return { kind: 'send' }
  if (trouble.alone > 0) {
    if (isRipe(trouble, course.throughs)) return { kind: 'send' }
    if (!isSetAside(frozen)) return { kind: 'move_on', recut: { kind: 'aside', seq }, why: trouble.why }
    const isLeft = trouble.aloneAt === course.throughs && waitsUntilMs(trouble.wait, nowMs) > 0
    return { kind: isLeft ? 'rest' : 'send' }
  }
  const isToCut = trouble.isKnown && cells.length > 1 && !isInDoubt(trouble, course)
  return isToCut ? { kind: 'move_on', recut: cutOf(seq, trouble.why), why: trouble.why } : { kind: 'send' }
}

/** Whether each frozen batch is a cell that failed by itself. */
export function isSetAside(frozen: readonly Pick<Tried, 'trouble'>[]): boolean {
  return frozen.every(({ trouble }) => trouble !== null && trouble.alone > 0)
}

/** Until when all that is frozen is left alone; 0 when something of it may be sent. */
export function asideUntilMs(frozen: readonly Tried[], course: Course, nowMs: number): number {
  const wait = frozen[0]?.trouble?.wait
  return wait !== undefined && planTurn(frozen, course, nowMs).kind === 'rest' ? waitsUntilMs(wait, nowMs) : 0
}
