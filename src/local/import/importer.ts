import { Delivery, type DeliveryLink, newBatch, outgoing, type Timing } from '../../client/internal.ts'
import type { Connection } from './connection.ts'
import { type BatchBounds, type Cut, Cutter } from './cutting.ts'
import { isReadError, readFaultOf, UnreadableInput } from './gunzip.ts'
import { isBlank, LINE_BYTES_MAX, type Line, LineSplitter } from './lines.ts'
import { InputPlace, nameOf, nameSince } from './naming.ts'
import type { Guard, LineReading, Reader } from './reader.ts'
import { type ImportTally, isDoubted, type OutgoingLine } from './tally.ts'
import { inputTextOf } from './text-input.ts'

/** How long a line waits for others when the import follows an input that never ends. */
const LINGER_MS = 1_000

export type Import = {
  /** An error of the input ends the import. It is destroyed when nothing more shall be read. */
  readonly input: AsyncIterable<Buffer> & { destroy(): unknown }
  /** Chooses how lines are read, from the first line that is not blank. */
  readonly readerFor: (first: Buffer) => Reader
  readonly connection: Pick<Connection, 'post' | 'over' | 'reason'>
  readonly tally: ImportTally
  readonly timing: Timing
  readonly bounds: BatchBounds
  /** Requests under way at a time. */
  readonly concurrency: number
  /** Part of every name. Null for names that follow from the input alone, so that the import can be repeated. */
  readonly salt: string | null
  /** The first line that an earlier import of the same input did not have; null when there was none, or it had all. */
  readonly since: number | null
  /** Whether lines are sent as they come, in batches that time cuts. It takes a salt. */
  readonly isFollowing: boolean
  /** Once it fires, nothing more is read. */
  readonly interrupt: AbortSignal
}

export type Ending =
  | { readonly kind: 'complete'; readonly lastLine: number }
  | { readonly kind: 'interrupted'; readonly lastLine: number }
  /** The server, or the input, lets nothing more through. */
  | { readonly kind: 'stopped'; readonly reason: string; readonly isDamaged: boolean }

/**
 * Reads lines, cuts them into batches and sends those, a few at a time. It holds at most the open batches, `concurrency` of
 * them under way and a chunk of the input, however long the input is.
 *
 * A batch that is not complete is sent only when the input has ended by itself. After an interrupt or a fault it stays
 * unsent, because it would be cut at a place that the same input does not have the next time.
 */
export async function runImport(options: Import): Promise<Ending> {
  const flow = new Flow(options)
  const letGo = options.timing.stayAlive()
  const linger = options.isFollowing ? setInterval(() => flow.sendIfIdle(), LINGER_MS) : undefined
  try {
    await flow.read()
  } finally {
    clearInterval(linger)
    letGo()
  }
  return flow.ending()
}

class Flow {
  readonly #options: Import
  readonly #link: DeliveryLink<OutgoingLine>
  readonly #cutters: Readonly<Record<Guard, Cutter<OutgoingLine>>>
  readonly #underWay = new Set<Promise<void>>()
  readonly #splitter = new LineSplitter()
  readonly #place = new InputPlace()
  /** Fires when nothing more may be read. */
  readonly #halt: AbortSignal
  /** Why the input could not be read to its end, and whether what was read before may be wrong. */
  #fault: string | null = null
  #isDamaged = false
  /** Open batches on their way out because they have waited long enough. */
  #lingering: Promise<void> = Promise.resolve()
  #reader: Reader | null = null
  #lastLine = 0

  constructor(options: Import) {
    const { connection, tally, timing, interrupt, bounds, salt } = options
    this.#options = options
    // One for each guard: when a line was read must not change where lines with times of their own are cut.
    this.#cutters = { timed: new Cutter(bounds), arriving: new Cutter(bounds), 'own-id': new Cutter(bounds) }
    this.#halt = AbortSignal.any([interrupt, connection.over])
    this.#link = {
      post: connection.post,
      timing,
      // An import that can be repeated may leave lines unsent. Any other sends all that it has read.
      stop: salt === null ? this.#halt : connection.over,
      acknowledge: (items, before) => tally.count(items, before),
      giveUp: (items, kind, detail) => {
        if (kind === 'closed') this.#leave(items)
        else if (kind === 'conflict') this.#contradict(items)
        else this.#refuse(items, detail)
      },
      onRetry: (reason) => {
        tally.trouble = reason
      },
    }
  }

  async read(): Promise<void> {
    const { input } = this.#options
    const stopReading = () => void input.destroy()
    this.#halt.addEventListener('abort', stopReading)
    try {
      if (!this.#halt.aborted) {
        for await (const chunk of inputTextOf(input)) await this.#take(this.#splitter.push(chunk))
        await this.#take(this.#splitter.end())
      }
    } catch (error) {
      if (!isReadError(error)) throw error
      if (!this.#halt.aborted) {
        this.#fault = `${readFaultOf(error)} Read up to line ${this.#lastLine}.`
        this.#isDamaged = error instanceof UnreadableInput && error.isDamaged
      }
    } finally {
      this.#halt.removeEventListener('abort', stopReading)
    }
    await this.#end()
  }

  /** Sends the open batches, or leaves them unsent, and waits for the last answer. */
  async #end(): Promise<void> {
    await this.#lingering
    const isCutShort = this.#fault !== null && this.#options.salt === null
    for (const cut of this.#takeAll()) {
      if (isCutShort || this.#link.stop.aborted) this.#leave(cut.items)
      else await this.#send(cut)
    }
    // A delivery may start another one.
    while (this.#underWay.size > 0) await Promise.all(this.#underWay)
  }

  ending(): Ending {
    const { connection, interrupt } = this.#options
    const reason = connection.reason ?? this.#fault
    if (reason !== null) return { kind: 'stopped', reason, isDamaged: this.#isDamaged }
    return { kind: interrupt.aborted ? 'interrupted' : 'complete', lastLine: this.#lastLine }
  }

  /** Sends the open batches without waiting for more lines, unless requests are under way. */
  sendIfIdle(): void {
    if (this.#underWay.size > 0) return
    const cuts = this.#takeAll()
    this.#lingering = this.#lingering.then(async () => {
      for (const cut of cuts) await this.#send(cut)
    })
  }

  #takeAll(): Cut<OutgoingLine>[] {
    return Object.values(this.#cutters).flatMap((cutter) => cutter.takeAll())
  }

  async #take(lines: readonly Line[]): Promise<void> {
    for (const line of lines) {
      if (this.#halt.aborted) return
      this.#lastLine = line.number
      for (const cut of this.#cut(line)) await this.#send(cut)
      this.#place.pass(line)
    }
  }

  /** @returns the batches that are complete with this line */
  #cut(line: Line): Cut<OutgoingLine>[] {
    const { tally, timing, salt } = this.#options
    const { content, bytes, number } = line
    if (content !== null && isBlank(content)) return []
    tally.lines += 1
    if (content === null) {
      tally.refuseLine(number, `longer than ${LINE_BYTES_MAX} bytes`, `${bytes} bytes`)
      return []
    }
    this.#reader ??= this.#options.readerFor(content)
    const { rule, read } = this.#reader
    const reading = read(content, timing.now())
    const { hour, stableBytes } = reading
    if (reading.kind === 'refused') {
      if (reading.isNoRequest) tally.passOver(number)
      else tally.refuseLine(number, reading.reason, content.subarray(0, 400).toString('utf8'))
      if (hour === null) return []
    }
    const guard = reading.kind === 'refused' ? 'timed' : reading.guard
    const item = reading.kind === 'refused' ? null : itemOf(reading, number)
    const nameIt = () =>
      guard === 'own-id'
        ? null
        : nameOf({ rule, salt: salt ?? '' }, hour, this.#place.of(content.subarray(0, stableBytes)))
    return this.#cutters[guard].add({ hour, bytes: stableBytes, item }, nameIt)
  }

  async #send(cut: Cut<OutgoingLine>): Promise<void> {
    while (this.#underWay.size >= this.#options.concurrency) await Promise.race(this.#underWay)
    this.#start(cut, this.#linkFor(cut))
  }

  /**
   * For a batch in which an earlier import ended: its name stands for fewer lines wherever it is known. So a conflict is
   * no end: the lines that the earlier import had are counted, and those that came since go under a name of their own. A
   * shard that does not know the name has just counted its part, and names no conflict.
   */
  #linkFor({ name, items }: Cut<OutgoingLine>): DeliveryLink<OutgoingLine> {
    const { since, tally } = this.#options
    if (since === null || name === null) return this.#link
    const isLater = ({ line }: OutgoingLine) => line >= since
    if (!items.some(isLater) || items.every(isLater)) return this.#link
    const goOn = (conflicting: readonly OutgoingLine[]) => {
      const earlier = conflicting.filter((item) => !isLater(item))
      tally.count(earlier, earlier.length)
      const later = conflicting
        .filter(isLater)
        .map((item): OutgoingLine => ({ ...item, certainty: 'uncounted' }))
      if (later.length > 0) this.#start({ name: nameSince(name, since), items: later }, this.#link)
    }
    const giveUp: DeliveryLink<OutgoingLine>['giveUp'] = (lost, kind, detail) =>
      kind === 'conflict' ? goOn(lost) : this.#link.giveUp(lost, kind, detail)
    return { ...this.#link, giveUp }
  }

  #start({ name, items }: Cut<OutgoingLine>, link: DeliveryLink<OutgoingLine>): void {
    const delivery = new Delivery(newBatch(name, items, name !== null), link)
    const sending = delivery.run(false).finally(() => this.#underWay.delete(sending))
    this.#underWay.add(sending)
  }

  #refuse(items: readonly OutgoingLine[], reason: string): void {
    const { tally } = this.#options
    tally.doubt(items.filter(isDoubted), reason)
    for (const item of items) if (!isDoubted(item)) tally.refuse(item, reason)
  }

  #contradict(items: readonly OutgoingLine[]): void {
    const { tally } = this.#options
    tally.conflict(items.filter(({ hasId }) => !hasId))
    for (const item of items) if (item.hasId) tally.refuse(item, 'its id was used before, with other content')
  }

  #leave(items: readonly OutgoingLine[]): void {
    const { tally, connection } = this.#options
    tally.doubt(items.filter(isDoubted), connection.reason ?? 'the import was interrupted')
    tally.leave(items.filter((item) => !isDoubted(item)))
  }
}

function itemOf(
  { json, hour, guard, isShortened }: Extract<LineReading, { kind: 'increment' }>,
  line: number,
): OutgoingLine {
  return { ...outgoing(json()), line, hour, hasId: guard === 'own-id', isShortened }
}
