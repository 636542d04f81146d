import { type Sumdial, SumdialError } from '../../client/index.ts'
import { addHours, hourOf, hourStartMs } from '../../model/hour.ts'
import { DEMO_PREFIX } from './traffic.ts'

/** The server refuses to be read. The message says everything that the person needs to know. */
export class LookRefused extends Error {
  override readonly name = 'LookRefused'
}

/** How many increments Postgres has got under demo/ since the look was made, whoever counted them. */
export type Look = () => Promise<number>

/**
 * Counts the increments that Postgres has in the hours from now on.
 *
 * @throws LookRefused when the server refuses, or the error of `fetch` when nobody answers; each look does too
 */
export async function looker(sumdial: Pick<Sumdial, 'listAll'>): Promise<Look> {
  const from = hourStartMs(hourOf(Date.now()))
  const count = async () => {
    const to = hourStartMs(addHours(hourOf(Date.now()), 1))
    let sum = 0
    try {
      // Groups of one segment: a handful, however many keys there are.
      for await (const group of sumdial.listAll({ prefix: DEMO_PREFIX, depth: 1, from, to }))
        sum += group.count
    } catch (error) {
      throw error instanceof SumdialError ? new LookRefused(refusalWords(error)) : error
    }
    return sum
  }
  const before = await count()
  return async () => (await count()) - before
}

function refusalWords({ status, message }: SumdialError): string {
  if (status === 401) return `${message} Pass a token that may write and read in SUMDIAL_TOKEN.`
  if (status === 403) return `${message} Pass a token that may read ${DEMO_PREFIX}.`
  return message
}
