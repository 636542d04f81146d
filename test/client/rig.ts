import { onTestFinished, vi } from 'vitest'
import { createClientWith } from '../../src/client/client.ts'
import type { ClientOptions, GiveUpReason, Increment, Sumdial } from '../../src/client/index.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { ModelServer, type RequestFate } from './model-server.ts'

/** 20:50, so that an hour turns soon. */
export const BEGAN_MS = Date.UTC(2026, 10, 21, 20, 50)

export type Given = { readonly increments: Increment[]; readonly reason: GiveUpReason }

export type Rig = {
  readonly sumdial: Sumdial
  readonly server: ModelServer
  readonly clock: FakeClock
  readonly given: Given[]
  /** Why requests were sent again. */
  readonly retried: string[]
}

/** A client of a model server, in a time of its own. */
export function rig(fates: readonly RequestFate[] = [], options: Partial<ClientOptions> = {}): Rig {
  const clock = new FakeClock(BEGAN_MS)
  const server = new ModelServer(fates)
  const given: Given[] = []
  const retried: string[] = []
  const sumdial = createClientWith(
    {
      url: 'https://sumdial.test',
      fetch: server.fetch,
      onGiveUp: (increments, reason) => given.push({ increments, reason }),
      onRetry: (reason) => retried.push(reason),
      ...options,
    },
    Object.assign(clock, { newName: clock.uuid, stayAlive: () => () => undefined }),
  )
  return { sumdial, server, clock, given, retried }
}

/** A browser's page, as far as it is used within a test. */
export function openPage() {
  const [page, frame] = [new EventTarget(), new EventTarget()]
  vi.stubGlobal('document', Object.assign(page, { visibilityState: 'visible' }))
  vi.stubGlobal('addEventListener', frame.addEventListener.bind(frame))
  vi.stubGlobal('removeEventListener', frame.removeEventListener.bind(frame))
  onTestFinished(() => void vi.unstubAllGlobals())
  return {
    hide() {
      Object.assign(page, { visibilityState: 'hidden' })
      page.dispatchEvent(new Event('visibilitychange'))
    },
    show() {
      Object.assign(page, { visibilityState: 'visible' })
      page.dispatchEvent(new Event('visibilitychange'))
    },
    leave: () => frame.dispatchEvent(new Event('pagehide')),
  }
}
