import type { Problem as ProblemDetails } from '../../client/binding.ts'

/** A problem on its way to the wire: its words, and what goes beside them. */
export type Wire = {
  readonly status: number
  readonly title: string
  readonly detail: string
  readonly headers?: Readonly<Record<string, string>>
  readonly retryAfterSeconds?: number
  readonly more?: Omit<ProblemDetails, 'type' | 'title' | 'status' | 'detail'>
}

export const RETRY_SOON = { retryAfterSeconds: 2 }
