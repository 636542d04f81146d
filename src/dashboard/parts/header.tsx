import type { Attention } from '../data/answers.ts'
import { usePage } from '../data/context.ts'
import { figure } from '../data/numbers.ts'
import { shardsOf, topOf, treeOf, type View } from '../data/view.ts'
import { visible } from '../data/visible.ts'
import { KeyName } from './key-name.tsx'
import { Link } from './link.tsx'
import { Mark } from './mark.tsx'

export function Header() {
  const { view, session, signOut, attention } = usePage()
  const root = session.prefix ?? ''
  const links: readonly [View['name'], string, View][] = [
    ['top', 'Busiest', topOf(view)],
    ['tree', 'Tree', treeOf(view, root === '' ? '' : `${root}/`)],
    ['shards', 'Health', shardsOf(view)],
  ]
  return (
    <header class="bar">
      <Link to={topOf(view)} class="brand" aria-label="Sumdial, busiest keys">
        <Mark size={24} />
        <span>Sumdial</span>
      </Link>
      <nav aria-label="Views">
        {links.map(([name, words, to]) => (
          <Link key={name} to={to} aria-current={view.name === name ? 'page' : undefined}>
            {words}
            {name === 'shards' ? <Marks attention={attention} /> : null}
          </Link>
        ))}
      </nav>
      {session.isOpen ? (
        <span class="who">
          <span class="tag">local, open</span>
        </span>
      ) : (
        <span class="who">
          <span
            class="name"
            title={session.prefix === null ? 'All keys' : `Keys under ${visible(session.prefix)}`}
          >
            {session.name}
            {session.prefix === null ? null : (
              <>
                {' · '}
                <KeyName name={session.prefix} />
              </>
            )}
          </span>
          <button type="button" class="quiet" onClick={signOut}>
            Sign out
          </button>
        </span>
      )}
    </header>
  )
}

/**
 * Marks that a person is needed, whichever view is open: increments are parked, which Postgres refuses until somebody decides, or
 * the schema or the schedule needs somebody.
 */
function Marks({ attention: { parked, notices } }: { readonly attention: Attention }) {
  return (
    <>
      {parked > 0 ? (
        <>
          {' '}
          <span class="alarm" title="Parked: refused by Postgres, until somebody decides">
            {figure(parked)}
            <span class="unseen"> {parked === 1 ? 'increment is' : 'increments are'} parked</span>
          </span>
        </>
      ) : null}
      {notices > 0 ? (
        <>
          {' '}
          <span class="alarm" title="The schema of Postgres or the schedule needs somebody">
            !<span class="unseen"> {notices === 1 ? '1 notice' : `${notices} notices`}</span>
          </span>
        </>
      ) : null}
    </>
  )
}
