import { usePage } from '../data/context.ts'
import { momentWords } from '../data/time.ts'

type LiveNoteProps = {
  readonly isLive: boolean
  readonly isConnected: boolean
  readonly lastFlushAt: string | null
}

/** Says how fresh the figures are. */
export function LiveNote({ isLive, isConnected, lastFlushAt }: LiveNoteProps) {
  const { zone } = usePage()
  const flushed = lastFlushAt === null ? null : momentWords(Date.parse(lastFlushAt), zone)
  if (!isLive)
    return <p class="live is-still">{flushed === null ? '' : `Last flush to Postgres: ${flushed}`}</p>
  return (
    <p
      class={`live ${isConnected ? '' : 'is-lost'}`}
      title={flushed === null ? '' : `Last flush to Postgres: ${flushed}`}
    >
      <span class="pulse" aria-hidden="true" />
      {isConnected ? 'Live' : 'Reconnecting'}
    </p>
  )
}
