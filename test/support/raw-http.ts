import { connect, type Socket } from 'node:net'

/** How a request ended that was written to a socket byte by byte. */
export type RawEnding =
  | { readonly kind: 'answered'; readonly status: number; readonly type: string; readonly body: string }
  /** The other side closed the connection without a whole answer. */
  | { readonly kind: 'closed'; readonly reason: string }
  /** Neither, within the time given. */
  | { readonly kind: 'hung' }

export type RawOptions = {
  readonly timeoutMs: number
  /** The answer to a HEAD request has no body, whatever its length says. */
  readonly isHead?: boolean
  /** Whether to say, after the last byte, that no more will come: what was promised and not sent is then missing. */
  readonly isCut?: boolean
}

/**
 * Sends bytes on a connection of their own and reads the answer to the first request in them. HTTP clients would
 * refuse to send most of what a fuzzer makes.
 */
export function sendRaw(port: number, bytes: Uint8Array, options: RawOptions): Promise<RawEnding> {
  const { promise, resolve } = Promise.withResolvers<RawEnding>()
  const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
  const timer = setTimeout(() => end({ kind: 'hung' }), options.timeoutMs)
  const end = (ending: RawEnding) => {
    clearTimeout(timer)
    socket.destroy()
    resolve(ending)
  }
  listen(socket, options.isHead ?? false, end)
  if (options.isCut) socket.end(bytes)
  else socket.write(bytes)
  return promise
}

function listen(socket: Socket, isHead: boolean, end: (ending: RawEnding) => void): void {
  let received = Buffer.alloc(0)
  let reason = 'closed'
  socket.on('error', (error) => {
    reason = error.message
  })
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk])
    const answer = parseAnswer(received, isHead)
    if (answer !== undefined) end(answer)
  })
  const onGone = () => end({ kind: 'closed', reason: `${reason}: ${received.toString('latin1', 0, 200)}` })
  socket.on('end', onGone)
  socket.on('close', onGone)
}

/** Undefined while it is incomplete. workerd gives every answer with a body a Content-Length. */
function parseAnswer(bytes: Buffer, isHead: boolean): RawEnding | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n')
  if (headEnd < 0) return undefined
  const head = bytes.toString('latin1', 0, headEnd)
  const status = Number(head.slice(9, 12))
  const rest = bytes.subarray(headEnd + 4)
  if (status < 200) return parseAnswer(rest, isHead)
  const type = /^content-type: *(.*)$/im.exec(head)?.[1]?.trim() ?? ''
  const length = isHead ? 0 : Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0)
  if (rest.length < length) return undefined
  return { kind: 'answered', status, type, body: rest.toString('utf8', 0, length) }
}
