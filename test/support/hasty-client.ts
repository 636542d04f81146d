import { connect, type Socket } from 'node:net'

/** How a request ended. */
export type Ending =
  | { readonly kind: 'answered'; readonly status: number; readonly body: string }
  /** We destroyed the connection before an answer was complete. */
  | { readonly kind: 'hung_up' }
  /** The other side did, or it never listened. */
  | { readonly kind: 'broken'; readonly reason: string }

/** When, after sending, to hang up, in ms; and whether with a reset (RST) rather than an ordinary close (FIN). */
export type HangUp = { readonly afterMs: number; readonly isReset: boolean }

/**
 * One HTTP/1.1 connection, kept alive from request to request, one request at a time; made anew after it ends.
 *
 * node:http would do, at a third of the speed: here the generator shares two cores with what it loads.
 */
export class HastyClient {
  readonly #port: number
  #socket: Socket | undefined
  #received = ''
  #finish: ((ending: Ending) => void) | undefined

  constructor(port: number) {
    this.#port = port
  }

  /** Sends a JSON body to `POST /increment` and calls back once. */
  post(body: string, hangUp: HangUp | undefined, onEnd: (ending: Ending) => void): void {
    const timer = hangUp && setTimeout(() => this.#hangUp(hangUp.isReset), hangUp.afterMs)
    this.#finish = (ending) => {
      clearTimeout(timer)
      this.#finish = undefined
      onEnd(ending)
    }
    this.#received = ''
    this.#socket ??= this.#open()
    this.#socket.write(
      `POST /increment HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
      'latin1',
    )
  }

  close(): void {
    this.#drop()?.destroy()
  }

  #open(): Socket {
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true })
    socket.setEncoding('latin1')
    let reason = 'closed without an answer'
    socket.on('error', (error) => {
      reason = error.message
    })
    // A connection that we have dropped ends in its own time, and its events mean nothing any more.
    socket.on('data', (text: string) => this.#socket === socket && this.#read(text))
    socket.on('close', () => {
      if (this.#socket !== socket) return
      this.#socket = undefined
      this.#finish?.({ kind: 'broken', reason })
    })
    return socket
  }

  #read(text: string): void {
    this.#received += text
    const answer = parseAnswer(this.#received)
    if (answer !== undefined) this.#finish?.(answer)
  }

  #hangUp(isReset: boolean): void {
    const socket = this.#drop()
    if (isReset) socket?.resetAndDestroy()
    else socket?.destroy()
    this.#finish?.({ kind: 'hung_up' })
  }

  #drop(): Socket | undefined {
    const socket = this.#socket
    this.#socket = undefined
    return socket
  }
}

/** Undefined while it is incomplete. workerd gives every answer of the Worker's a Content-Length. */
function parseAnswer(text: string): Ending | undefined {
  const headEnd = text.indexOf('\r\n\r\n')
  if (headEnd < 0) return undefined
  const head = text.slice(0, headEnd)
  const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? Number.NaN)
  if (Number.isNaN(length)) return { kind: 'broken', reason: `an answer without a length: ${head}` }
  const body = text.slice(headEnd + 4)
  return body.length < length ? undefined : { kind: 'answered', status: Number(head.slice(9, 12)), body }
}
