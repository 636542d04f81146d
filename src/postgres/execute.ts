import { z } from 'zod'
import { openSession } from './driver/open-session.ts'
import type { Postgres, Session, StatementAnswer } from './driver/session.ts'
import { type ApplyFailure, classifyFailure, isTableAbsent } from './failure.ts'
import type { Read, Statement } from './statement.ts'

/** Postgres could not be asked. The message is the reason alone, because the driver's own may repeat values. */
export class NotAnswered extends Error {
  override readonly name = 'NotAnswered'
  readonly failure: ApplyFailure
  /** Whether the statement named a table that is not there. */
  readonly isTableAbsent: boolean

  constructor(failure: ApplyFailure, isTableAbsent = false) {
    super(failure.reason)
    this.failure = failure
    this.isTableAbsent = isTableAbsent
  }

  /** Whether it took too long. */
  get isTimeout(): boolean {
    return this.failure.kind === 'ambiguous' && this.failure.isTimeout
  }
}

export type Execute = (statement: Statement) => Promise<StatementAnswer>

type Transact = (statements: readonly Statement[]) => Promise<readonly StatementAnswer[]>

/** Runs a read, with values for its placeholders, and answers its one row. */
export type Ask = (statement: Read, values?: Readonly<Record<string, unknown>>) => Promise<unknown>

/**
 * Runs statements, over one connection, for callers who only want to know that Postgres could not be asked, and why.
 *
 * @param timeoutMs of each statement.
 * @param work gets a function that runs a statement, one that runs some in one transaction, and one that runs a read. They
 *   reject with NotAnswered; a read also when the answer is that of another request. [P4]
 */
export async function executing<T>(
  postgres: Postgres,
  timeoutMs: number,
  work: (execute: Execute, transact: Transact, ask: Ask) => Promise<T>,
): Promise<T> {
  const session = openSession(postgres)
  try {
    return await work(
      (statement) => explained(session.execute(statement, timeoutMs)),
      (statements) => explained(session.transact(statements, timeoutMs)),
      (statement, values) => askIn(session, postgres, statement, timeoutMs, values),
    )
  } finally {
    session.end()
  }
}

/**
 * @param timeoutMs of each read.
 * @returns a function that runs a read, with values for its placeholders, over a connection of its own. It answers the
 *   one row, and rejects as `executing` does, or because the answer is that of another request. [P4]
 */
export function reader(postgres: Postgres, timeoutMs: number): Ask {
  return async (statement, values = {}) => {
    const session = openSession(postgres)
    try {
      return await askIn(session, postgres, statement, timeoutMs, values)
    } finally {
      session.end()
    }
  }
}

async function askIn(
  session: Session,
  { clock }: Postgres,
  statement: Read,
  timeoutMs: number,
  values: Readonly<Record<string, unknown>> = {},
): Promise<unknown> {
  const request = clock.uuid()
  const { rows } = await explained(session.execute(statement, timeoutMs, { ...values, request }))
  if (requestSchema.parse(rows[0]).request !== request) throw new Error(CACHED)
  return rows[0]
}

const requestSchema = z.object({ request: z.string() })

const CACHED = "the answer is an older request's: turn off caching between the Worker and Postgres"

async function explained<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (error) {
    throw new NotAnswered(classifyFailure(error), isTableAbsent(error))
  }
}
