import { Bundle } from './bundle.ts'
import { deliver, type Link } from './deliver.ts'
import { LINE_BYTES_MAX, type Line, LineSplitter } from './lines.ts'
import type { Timing } from './patience.ts'
import type { Post } from './post.ts'
import type { Reader } from './reader.ts'
import type { Item, Tally } from './tally.ts'

/** How long an increment waits for its bundle to fill, so that `tail -F log | npm run import` counts as it goes. */
export const LINGER_MS = 1_000

export interface Import {
  /** A stream of bytes. An error of it ends the import; it is destroyed when no more shall be read. */
  readonly input: AsyncIterable<Buffer> & { destroy(): unknown }
  /** Chooses how lines are read, from the first line that has anything on it. */
  readonly readerFor: (first: Buffer) => Reader
  readonly post: Post
  readonly tally: Tally
  readonly clock: Timing
  readonly bundleItems: number
  /** Requests under way at a time. */
  readonly concurrency: number
  readonly lingerMs: number
  /** Fired: read no more, send what was read, wait for nothing. */
  readonly interrupt: AbortSignal
}

export type Ending =
  | { readonly kind: 'complete' }
  /** Everything up to `lastLine` was dealt with, nothing after it was read. */
  | { readonly kind: 'interrupted'; readonly lastLine: number }
  /** The server, or the input, lets nothing more through. */
  | { readonly kind: 'stopped'; readonly reason: string }

/**
 * Reads lines, gathers them into bundles and sends those, a few at a time. What is held is bounded by
 * `(concurrency + 2)` bundles and a chunk of input, however long the input is.
 */
export async function runImport(options: Import): Promise<Ending> {
  const flow = new Flow(options)
  const linger = setInterval(() => flow.sendIfIdle(), options.lingerMs)
  try {
    await flow.read()
  } finally {
    clearInterval(linger)
  }
  await flow.drain()
  return flow.ending()
}

class Flow {
  readonly #options: Import
  readonly #link: Link
  readonly #bundle: Bundle
  readonly #underWay = new Set<Promise<void>>()
  readonly #splitter = new LineSplitter()
  readonly #stop = new AbortController()
  #stopReason: string | null = null
  #reader: Reader | null = null
  #lastLine = 0

  constructor(options: Import) {
    this.#options = options
    this.#bundle = new Bundle(options.bundleItems)
    const { post, tally, clock, interrupt } = options
    const hurry = AbortSignal.any([interrupt, this.#stop.signal])
    this.#link = {
      post,
      tally,
      clock,
      hurry,
      stopped: () => this.#stopReason,
      stop: (why) => this.#halt(why),
    }
  }

  async read(): Promise<void> {
    const { input } = this.#options
    const { hurry } = this.#link
    const stopReading = () => void input.destroy()
    hurry.addEventListener('abort', stopReading)
    try {
      if (hurry.aborted) return
      for await (const chunk of input) await this.#take(this.#splitter.push(chunk))
      await this.#take(this.#splitter.end())
    } catch (error) {
      if (!isReadError(error)) throw error
      if (!hurry.aborted) this.#halt(`cannot read the input: ${error.message}`)
    } finally {
      hurry.removeEventListener('abort', stopReading)
    }
  }

  async drain(): Promise<void> {
    await this.#send()
    await Promise.all(this.#underWay)
  }

  ending(): Ending {
    if (this.#options.interrupt.aborted) return { kind: 'interrupted', lastLine: this.#lastLine }
    return this.#stopReason === null ? { kind: 'complete' } : { kind: 'stopped', reason: this.#stopReason }
  }

  /** With a free connection, a bundle that is not full yet need not wait any longer. */
  sendIfIdle(): void {
    if (this.#bundle.isEmpty || this.#underWay.size >= this.#options.concurrency) return
    this.#start(this.#bundle.take())
  }

  async #take(lines: readonly Line[]): Promise<void> {
    for (const line of lines) {
      if (this.#link.hurry.aborted) return
      this.#lastLine = line.number
      const item = this.#itemOf(line)
      if (item === null) continue
      if (!this.#bundle.hasRoomFor(item)) await this.#send()
      this.#bundle.add(item)
      if (this.#bundle.isFull) await this.#send()
    }
  }

  /** Null when there is nothing to send of it. */
  #itemOf({ number, bytes, content }: Line): Item | null {
    const { tally } = this.#options
    if (content !== null && isBlank(content)) {
      tally.bytes += bytes
      return null
    }
    tally.lines += 1
    if (content === null) {
      tally.refuseLine(number, bytes, `longer than ${LINE_BYTES_MAX} bytes`, `${bytes} bytes`)
      return null
    }
    this.#reader ??= this.#options.readerFor(content)
    const reading = this.#reader(content)
    if (reading.kind === 'increment') {
      const { kind: _, ...increment } = reading
      return { line: number, bytes, ...increment }
    }
    tally.refuseLine(number, bytes, reading.reason, content.subarray(0, 400).toString('utf8'))
    return null
  }

  async #send(): Promise<void> {
    if (this.#bundle.isEmpty) return
    const items = this.#bundle.take()
    while (this.#underWay.size >= this.#options.concurrency) await Promise.race(this.#underWay)
    this.#start(items)
  }

  #start(items: readonly Item[]): void {
    const delivery = deliver(items, this.#link).finally(() => this.#underWay.delete(delivery))
    this.#underWay.add(delivery)
  }

  #halt(reason: string): void {
    this.#stopReason ??= reason
    this.#stop.abort()
  }
}

/** What the system says when a file or a pipe fails, or was closed here; anything else is a bug. */
function isReadError(error: unknown): error is Error {
  if (!(error instanceof Error)) return false
  return 'syscall' in error || ('code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE')
}

function isBlank(content: Buffer): boolean {
  return content.every((byte) => byte === 0x20 || byte === 0x09)
}
