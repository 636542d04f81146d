import type { Reach } from '../../model/rollups/reach.ts'
import { NotAnswered } from '../execute.ts'
import { ManyHours } from './segments.ts'

/**
 * Reads as far as it reaches. Where no day stands for its hours, or many hours are read beside days, it asks again in the way
 * that is made for that. Where the tables of days are not there yet, because a Worker was deployed before its migration, it reads
 * hours alone: then none of them are gone. [D1]
 */
export async function reaching<T>(reach: Reach, read: (reach: Reach) => Promise<T>): Promise<T> {
  try {
    return await read(reach)
  } catch (error) {
    if (error instanceof ManyHours) return await read('mixed')
    if (reach === 'young' || !(error instanceof NotAnswered && error.isTableAbsent)) throw error
    return await read('young')
  }
}
