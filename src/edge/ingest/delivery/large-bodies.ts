import type { Clock } from '../../../clock.ts'
import { LARGE_BODIES_MAX, LARGE_BODY_REST_MS_MAX, REQUEST_BYTES_MAX } from '../../../limits.ts'

/**
 * The large bodies that an isolate reads at a time: at most LARGE_BODIES_MAX, because each may fill as much memory as an
 * isolate has to spare. [I5]
 *
 * A request that is lost with its client never says that it has ended, so a body of which nothing comes for
 * LARGE_BODY_REST_MS_MAX leaves its place to others.
 */
export class LargeBodies {
  readonly #clock: Pick<Clock, 'now'>
  readonly #places = new Set<Place>()

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock
  }

  /** Begins a body, which is small so far. */
  begin(): Body {
    const place: Place = { heardMs: 0 }
    return {
      grow: (bytes) => bytes <= REQUEST_BYTES_MAX || this.#hold(place),
      [Symbol.dispose]: () => {
        this.#places.delete(place)
      },
    }
  }

  #hold(place: Place): boolean {
    place.heardMs = this.#clock.now()
    if (this.#places.has(place)) return true
    for (const other of this.#places) {
      if (other.heardMs < place.heardMs - LARGE_BODY_REST_MS_MAX) this.#places.delete(other)
    }
    if (this.#places.size >= LARGE_BODIES_MAX) return false
    this.#places.add(place)
    return true
  }
}

type Place = { heardMs: number }

/** A body that is being read. Disposed of once what was in it has been sent. */
export type Body = Disposable & {
  /** Whether a body that has come to so many bytes may go on. */
  readonly grow: (bytes: number) => boolean
}
