import { useState } from 'preact/hooks'
import { ask, failureFrom } from '../data/api.ts'
import { Mark } from '../parts/mark.tsx'

type SignInProps = {
  /** Whether it is a session that has ended, rather than none. */
  readonly hasEnded: boolean
  readonly signedIn: () => void
}

/** A token is entered once, and kept in a cookie that no script can read. */
export function SignIn({ hasEnded, signedIn }: SignInProps) {
  const [fault, setFault] = useState('')
  const [isBusy, setIsBusy] = useState(false)
  const onSubmit = async (event: SubmitEvent) => {
    event.preventDefault()
    const token = String(new FormData(event.currentTarget as HTMLFormElement).get('token')).trim()
    setIsBusy(true)
    try {
      await ask('/session', { method: 'POST', headers: { authorization: `Bearer ${token}` } })
      signedIn()
    } catch (error) {
      setFault(faultOf(error))
      setIsBusy(false)
    }
  }
  return (
    <main class="whole">
      <form class="sign-in card" onSubmit={(event) => void onSubmit(event)}>
        <Mark size={40} />
        <h1>Sign in to Sumdial</h1>
        <p>
          {hasEnded
            ? 'Your session has ended: the token is not known any more, or you signed out.'
            : 'With a token that may read.'}
        </p>
        <label>
          Token
          <input
            type="password"
            name="token"
            required
            autocomplete="current-password"
            aria-invalid={fault !== ''}
            aria-describedby="fault"
          />
        </label>
        <p id="fault" class="fault" role="alert">
          {fault}
        </p>
        <button type="submit" class="main" disabled={isBusy}>
          {isBusy ? 'Signing in' : 'Sign in'}
        </button>
        <p class="hint">
          <code>npm run token</code> makes one. It stays on this device, in a cookie that no script can read.
        </p>
      </form>
    </main>
  )
}

function faultOf(error: unknown): string {
  const { kind, detail } = failureFrom(error)
  if (kind === 'signed-out') return 'This token is not known here.'
  // What the browser refuses to send in a header.
  return kind === 'refused' ? 'That is no token.' : detail
}
