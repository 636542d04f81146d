import { usePage } from '../data/context.ts'
import type { View } from '../data/view.ts'
import { KeyName } from './key-name.tsx'
import { Link } from './link.tsx'
import { inPeriod } from './period-words.ts'
import { Empty } from './states.tsx'

type Top = Extract<View, { name: 'top' }>

/** In place of a page that its list does not have any more, or never had. */
export function BehindTheEnd({ view }: { readonly view: Extract<View, { page: number }> }) {
  return (
    <Empty title="The list ends before this page">
      <p>
        <Link to={{ ...view, page: 1 }}>Its first page</Link>
      </p>
    </Empty>
  )
}

/** Says why there are no keys to show, and how to have some. */
export function Nothing({ view }: { readonly view: Top }) {
  const { session } = usePage()
  if (view.page > 1) return <BehindTheEnd view={view} />
  if (view.contains !== '') {
    return (
      <Empty title="No key contains that">
        <p>
          No key with <KeyName name={view.contains} /> in it was counted {inPeriod(view.period)}. Upper and
          lower case differ.
        </p>
      </Empty>
    )
  }
  if (view.prefix !== '') {
    return (
      <Empty title="No key begins with that">
        <p>
          Nothing under <KeyName name={view.prefix} /> was counted {inPeriod(view.period)}.
        </p>
      </Empty>
    )
  }
  const token = session.isOpen ? '' : ' -H "authorization: Bearer $TOKEN"'
  return (
    <Empty title="Nothing was counted in this period">
      <p>Count something, and it shows here within seconds:</p>
      <pre>
        {`curl ${location.origin}/increment${token} -H 'content-type: application/json' -d '{"key":"${session.prefix ?? 'site/example.com'}/pricing"}'`}
      </pre>
      {session.isOpen ? (
        <p>
          Or make realistic traffic: <code>npm run demo</code>
        </p>
      ) : null}
    </Empty>
  )
}
