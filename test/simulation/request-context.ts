import { AsyncLocalStorage } from 'node:async_hooks'

const current = new AsyncLocalStorage<RequestContext>()

/**
 * A request as the platform sees it. I/O and timers belong to the request in whose turn they were begun, and never
 * come back once that request is over. Whoever waits for them waits for ever, even another request.
 */
export class RequestContext {
  #isOver = false
  #isHungUp = false
  /** Turns that outlive the client, because `waitUntil` holds them. */
  #turns = 0

  get isOver(): boolean {
    return this.#isOver
  }

  /** Whether its client still waits for the answer. */
  get isHeard(): boolean {
    return !this.#isOver && !this.#isHungUp
  }

  run<T>(work: () => T): T {
    return current.run(this, work)
  }

  /** `waitUntil` */
  readonly keepAlive = (turn: Promise<unknown>): void => {
    this.#turns += 1
    const done = () => {
      this.#turns -= 1
      this.#isOver ||= this.#isHungUp && this.#turns === 0
    }
    turn.then(done, done)
  }

  /** The client goes away. What is kept alive goes on; the rest ends. */
  hangUp(): void {
    this.#isHungUp = true
    this.#isOver ||= this.#turns === 0
  }

  /** The platform ends the request although it is kept alive. */
  cancel(): void {
    this.#isOver = true
  }
}

/** Wraps a callback of I/O that is begun now, so that it is not called once its request is over. */
export function whileRequested<T extends readonly unknown[]>(
  callback: (...args: T) => void,
): (...args: T) => void {
  const context = current.getStore()
  return (...args) => {
    if (context?.isOver !== true) callback(...args)
  }
}
