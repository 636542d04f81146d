import { treeOf, type View } from '../data/view.ts'
import { KeyName } from './key-name.tsx'
import { Link } from './link.tsx'

type Tree = Extract<View, { name: 'tree' }>

/** The segments of a prefix, each a link to its level of the tree. */
export function Breadcrumbs({ view }: { readonly view: Tree }) {
  const segments = view.prefix.split('/').slice(0, -1)
  return (
    <nav aria-label="Path">
      <h1 class="path">
        {segments.length === 0 ? <span>All keys</span> : <Link to={treeOf(view)}>All keys</Link>}
        {segments.map((segment, i) => {
          const prefix = `${segments.slice(0, i + 1).join('/')}/`
          return (
            <span key={prefix}>
              <span class="slash" aria-hidden="true">
                /
              </span>
              {i === segments.length - 1 ? (
                <KeyName name={segment} />
              ) : (
                <Link to={treeOf(view, prefix)}>
                  <KeyName name={segment} />
                </Link>
              )}
            </span>
          )
        })}
      </h1>
    </nav>
  )
}
