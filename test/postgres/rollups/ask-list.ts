import { groupBase, keysUnder } from '../../../src/model/key.ts'
import type { Listed } from '../../../src/model/read.ts'
import type { Postgres } from '../../../src/postgres/driver/session.ts'
import { createLister } from '../../../src/postgres/list.ts'
import type { Asked } from '../../support/naive-list.ts'

/** Asks Postgres for a page of a list, as the edge does. @param after the last key of the page before. */
export async function askList(
  postgres: Postgres,
  asked: Asked,
  limit: number,
  after: string | null,
): Promise<Listed> {
  const { prefix, grant, depth } = asked
  const ranges = keysUnder(prefix, grant)
  if (ranges === undefined) return { items: [], unreadable: [], coarse: [] }
  const grouping = depth === null ? null : { base: groupBase(prefix), depth }
  return createLister(postgres)({ ...asked, ranges, grouping, limit, after })
}
