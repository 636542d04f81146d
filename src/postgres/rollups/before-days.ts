import type { Reach } from '../../model/rollups/reach.ts'
import { NotAnswered } from '../execute.ts'

/**
 * Reads as far as it reaches. Where the tables of days are not there yet, because a Worker was deployed before its migration, it
 * reads hours alone: then none of them are gone. [D1]
 */
export async function beforeDays<T>(reach: Reach, read: (reach: Reach) => Promise<T>): Promise<T> {
  try {
    return await read(reach)
  } catch (error) {
    if (reach === 'young' || !(error instanceof NotAnswered && error.isTableAbsent)) throw error
    return await read('young')
  }
}
