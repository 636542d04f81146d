import { useCallback, useEffect, useMemo, useState } from 'preact/hooks'
import type { SessionAnswer } from '../edge/http/session-answer.ts'
import { ask, type ReadFailure } from './data/api.ts'
import { type Page, PageContext } from './data/context.ts'
import { useAnswer, useAttention } from './data/hooks.ts'
import { zoneOf } from './data/time.ts'
import { addressOf, parseView, type View } from './data/view.ts'
import { visible } from './data/visible.ts'
import { Header } from './parts/header.tsx'
import { Failed, Loading } from './parts/states.tsx'
import { ChartView } from './views/chart.tsx'
import { ShardsView } from './views/shards.tsx'
import { SignIn } from './views/sign-in.tsx'
import { TopView } from './views/top.tsx'
import { TreeView } from './views/tree.tsx'

/** The page. It asks who is signed in first; without a session it shows the sign-in. */
export function App() {
  const [over, setOver] = useState<ReadFailure>()
  const asked = useAnswer('session', (signal) => ask<SessionAnswer>('/session', { signal }))
  const again = () => {
    setOver(undefined)
    asked.again()
  }
  const failure = over ?? asked.failure
  if (failure?.kind === 'signed-out') {
    return <SignIn hasEnded={over !== undefined} signedIn={again} />
  }
  if (failure !== undefined) return <Failed failure={failure} again={again} isWhole />
  if (asked.value === undefined) return <Loading isSlow={asked.isSlow} isWhole />
  return <SignedIn session={asked.value} failed={setOver} />
}

type SignedInProps = { readonly session: SessionAnswer; readonly failed: (failure: ReadFailure) => void }

function SignedIn({ session, failed }: SignedInProps) {
  const [view, go] = useView()
  const zone = useMemo(() => zoneOf(view.tz), [view.tz])
  const signOut = useCallback(() => {
    void ask('/session', { method: 'DELETE' })
      .catch(() => undefined)
      .then(() => failed({ kind: 'signed-out', detail: '' }))
  }, [failed])
  const [attention, seeAttention] = useAttention(session)
  const page: Page = { view, go, session, zone, failed, signOut, attention, seeAttention }
  return (
    <PageContext.Provider value={page}>
      <a class="skip" href="#main">
        Skip to the figures
      </a>
      <Header />
      <main id="main" tabIndex={-1}>
        <CurrentView view={view} />
      </main>
    </PageContext.Provider>
  )
}

function CurrentView({ view }: { readonly view: View }) {
  switch (view.name) {
    case 'top':
      return <TopView view={view} />
    case 'chart':
      return <ChartView view={view} />
    case 'tree':
      return <TreeView view={view} />
    case 'shards':
      return <ShardsView />
  }
}

const TITLES = { top: 'Busiest keys', chart: 'Chart', tree: 'Tree', shards: 'Health' } as const

/** The current view, which is the address: back and forward change it, and a reload keeps it. */
function useView(): [View, Page['go']] {
  const [view, setView] = useState(() => parseView(location.pathname, location.search))
  useEffect(() => {
    const onPop = () => setView(parseView(location.pathname, location.search))
    addEventListener('popstate', onPop)
    return () => removeEventListener('popstate', onPop)
  }, [])
  const name = view.name === 'chart' ? view.shown.map(({ name: key }) => visible(key)).join(', ') : ''
  useEffect(() => {
    document.title = `${name === '' ? TITLES[view.name] : name} · Sumdial`
  }, [view.name, name])
  const go = useCallback((next: View, how: 'push' | 'replace' = 'push') => {
    const before = parseView(location.pathname, location.search)
    if (how === 'push') history.pushState(null, '', addressOf(next))
    else history.replaceState(null, '', addressOf(next))
    setView(next)
    // Another view begins at its top, for eyes and for screen readers. A change within a view stays in place.
    if (before.name !== next.name) {
      scrollTo(0, 0)
      document.getElementById('main')?.focus({ preventScroll: true })
    }
  }, [])
  return [view, go]
}
