import { useState } from 'preact/hooks'
import { ask, failureFrom } from '../data/api.ts'
import { Mark } from '../parts/mark.tsx'

type SignInProps = {
  /** Whether a session has ended; otherwise there was none. */
  readonly hasEnded: boolean
  readonly signedIn: () => void
}

/** Asks for a token once. The server keeps it in a cookie that no script can read. */
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
            ? 'Your session has ended: you signed out, or the token was revoked.'
            : 'Use a token with the scope read.'}
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
  if (kind === 'signed-out') return 'This Worker does not know that token.'
  // The browser refuses to send such a text in a header.
  return kind === 'refused'
    ? 'That is not a token. Paste the text that npm run token printed; it begins with sd_.'
    : detail
}
