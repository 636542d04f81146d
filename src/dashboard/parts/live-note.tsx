import type { ReadFailure } from '../data/api.ts'
import { usePage } from '../data/context.ts'
import { momentWords } from '../data/time.ts'

type LiveNoteProps = {
  readonly isLive: boolean
  readonly isConnected: boolean
  readonly isResting: boolean
  /** Why the last question was not answered, if it was not. */
  readonly failure: ReadFailure | undefined
  readonly lastFlushAt: string | null
}

/** Says how fresh the figures are. */
export function LiveNote({ isLive, isConnected, isResting, failure, lastFlushAt }: LiveNoteProps) {
  const { zone } = usePage()
  const flushed = lastFlushAt === null ? null : momentWords(Date.parse(lastFlushAt), zone)
  if (!isLive)
    return <p class="live is-still">{flushed === null ? '' : `Last flush to Postgres: ${flushed}`}</p>
  // Asking again helps only against what passes.
  if (failure !== undefined && failure.kind !== 'away') {
    return <p class="live is-still">{failure.kind === 'forbidden' ? 'Not for this token' : 'Not live'}</p>
  }
  if (isResting)
    return <p class="live is-still">Nothing has come for an hour. Touch the page to look again.</p>
  const isLost = !isConnected || failure !== undefined
  return (
    <p
      class={`live ${isLost ? 'is-lost' : ''}`}
      title={flushed === null ? '' : `Last flush to Postgres: ${flushed}`}
    >
      <span class="pulse" aria-hidden="true" />
      {isLost ? 'Reconnecting' : 'Live'}
    </p>
  )
}
