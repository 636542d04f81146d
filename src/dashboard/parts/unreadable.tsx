import type { UnreadableRow } from '../../client/answers.ts'
import { KeyName } from './key-name.tsx'

/** Rows that are named; the page is not the place to list hundreds. */
const NAMED_MAX = 3

/** Says which rows of Postgres are left out, because somebody changed them by SQL to what cannot be added up. */
export function Unreadable({ rows }: { readonly rows: readonly UnreadableRow[] }) {
  if (rows.length === 0) return null
  return (
    <p class="hint" role="note">
      Left out, because the rows in Postgres are no whole numbers:{' '}
      {rows.slice(0, NAMED_MAX).map(({ key, hour }, i) => (
        <span key={`${hour} ${key}`}>
          {i === 0 ? '' : ', '}
          <KeyName name={key} /> at {hour}
        </span>
      ))}
      {rows.length > NAMED_MAX ? `, and ${rows.length - NAMED_MAX} more` : ''}. Correct them by SQL.
    </p>
  )
}
