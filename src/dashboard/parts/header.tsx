import { usePage } from '../data/context.ts'
import { shardsOf, topOf, treeOf, type View } from '../data/view.ts'
import { Link } from './link.tsx'
import { Mark } from './mark.tsx'

export function Header() {
  const { view, session, signOut } = usePage()
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
          </Link>
        ))}
      </nav>
      {session.isOpen ? (
        <span class="who">
          <span class="tag">local, open</span>
        </span>
      ) : (
        <span class="who">
          <span class="name" title={session.prefix === null ? 'All keys' : `Keys under ${session.prefix}`}>
            {session.name}
            {session.prefix === null ? '' : ` · ${session.prefix}`}
          </span>
          <button type="button" class="quiet" onClick={signOut}>
            Sign out
          </button>
        </span>
      )}
    </header>
  )
}
