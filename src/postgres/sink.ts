import { sql } from 'drizzle-orm'
import { z } from 'zod'
import { STATEMENT_MS_MAX } from '../limits.ts'
import type { ApplyOutcome, Batch, Sink } from '../model/flush/batch.ts'
import { type Age, ageOf, claimAndApply } from './apply.ts'
import { openSession } from './driver/open-session.ts'
import type { Postgres } from './driver/session.ts'
import { classifyFailure } from './failure.ts'
import type { Statement } from './statement.ts'
import { PATIENT, writing } from './statement.ts'

/** Writes batches to Postgres, over one connection from the first statement to the next `end`. */
export function createSink(postgres: Postgres): Sink {
  const session = openSession(postgres)
  const execute = (statement: Statement, withinMs = STATEMENT_MS_MAX) => session.execute(statement, withinMs)
  return {
    async apply(batch, withinMs) {
      try {
        const send = async (age: Age) => {
          const { rows } = await execute(claimAndApply(batch, age), withinMs)
          return readAnswer(answerSchema.parse(rows[0]), batch)
        }
        const age = ageOf(batch.hour, postgres.clock.now())
        const outcome = await send(age)
        // Postgres may have found it old, and its clock counts.
        return age === 'young' && outcome.kind === 'behind' ? await send('any') : outcome
      } catch (error) {
        return classifyFailure(error)
      }
    },
    async seal(writer, shard) {
      try {
        const { rows } = await execute(sealWriter(writer, shard))
        return { kind: 'sealed', sealed: sealedSchema.parse(rows[0]) }
      } catch (error) {
        return classifyFailure(error)
      }
    },
    async register(writer, shard) {
      try {
        await execute(registerWriter(writer, shard))
        return { kind: 'registered' }
      } catch (error) {
        return classifyFailure(error)
      }
    },
    end: () => session.end(),
  }
}

/** Adds the row of a writer. A missing row counts as seq 0, so a row with seq 0 says nothing else. */
function registerWriter(writer: string, shard: string): Statement {
  return writing(sql`
insert into sumdial.ledger (writer, shard, seq) select ${writer}::uuid, ${shard}, 0 where ${PATIENT}
on conflict (writer) do nothing`)
}

/**
 * Seals a writer. The first seal's time stays. The statement waits for a copy of a batch that is under way, and then
 * shows it.
 */
function sealWriter(writer: string, shard: string): Statement {
  return writing(sql`
insert into sumdial.ledger as l (writer, shard, seq, sealed, sealed_at)
select ${writer}::uuid, ${shard}, 0, true, now() where ${PATIENT}
on conflict (writer) do update set sealed = true, sealed_at = coalesce(l.sealed_at, now())
returning seq::text as seq, batch`)
}

const sealedSchema = z.object({ seq: z.coerce.number(), batch: z.string().nullable() })

/**
 * The answer to `claimAndApply`. The ledger's row is as it was when the statement began; all null when there was none.
 */
const answerSchema = z.object({
  claimed: z.coerce.number(),
  seq: z.coerce.number().nullable(),
  batch: z.string().nullable(),
  sealed: z.boolean().nullable(),
})

/** Decides what the ledger's answer means. The first case that matches counts; a missing row counts as seq 0. */
function readAnswer(answer: z.infer<typeof answerSchema>, batch: Pick<Batch, 'seq' | 'id'>): ApplyOutcome {
  if (answer.claimed > 0) return { kind: 'applied' }
  const seq = answer.seq ?? 0
  if (seq === batch.seq && answer.batch === batch.id) return { kind: 'applied' }
  const isSealed = answer.sealed ?? false
  const isMissing = answer.seq === null && batch.seq > 1
  if (seq === batch.seq - 1 && !isSealed && !isMissing) return { kind: 'behind' }
  const found = isMissing ? 'no row' : `seq ${seq}${isSealed ? ', sealed' : ''}`
  return { kind: 'rewound', reason: `the ledger has ${found} where this shard sends seq ${batch.seq}` }
}
