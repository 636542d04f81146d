import { AHEAD_MS_MAX } from '../../../limits.ts'
import { must } from '../../../model/assert.ts'
import { type Hour, hourOf } from '../../../model/hour.ts'
import { isReadError, readFaultOf, UnreadableInput } from '../gunzip.ts'
import type { Ending, Import } from '../importer.ts'
import { isBlank, LINE_BYTES_MAX, type Line, LineSplitter } from '../lines.ts'
import { InputPlace } from '../naming.ts'
import type { LineReading, Reader } from '../reader.ts'
import { inputTextOf } from '../text-input.ts'
import { countedOf } from './counted.ts'
import type { Sender } from './sender.ts'
import { Sequence, writerOf } from './sequence.ts'

/**
 * Lines, and different slices, that are held until they are sent. A batch has as many lines as are held of its hour, so with
 * more of them the database gets fewer statements. A slice of KEY_BYTES_MAX may hold on to a line that is longer.
 */
export const HELD_BOUNDS: Held = { lines: 500_000, slices: 100_000 }

export type Held = { readonly lines: number; readonly slices: number }

export type StraightImport = Pick<Import, 'input' | 'readerFor' | 'tally' | 'salt' | 'interrupt'> & {
  readonly sender: Sender
  /** When the import began, in epoch ms. */
  readonly nowMs: number
  readonly held?: Held
}

/**
 * Reads lines, adds them up and sends the sums to Postgres. It ends early when Postgres takes nothing more, or has counted other
 * lines; what it has applied by then is counted, and a later import of the same input goes on from there.
 */
export async function runStraight(options: StraightImport): Promise<Ending> {
  const flow = new StraightFlow(options)
  await flow.read()
  return flow.ending()
}

class StraightFlow {
  readonly #options: StraightImport
  readonly #splitter = new LineSplitter()
  readonly #place = new InputPlace()
  readonly #sequences = new Map<Hour, Sequence>()
  /** The texts of held slices, each once. */
  readonly #slices = new Map<string, string>()
  /** The first hour that is refused because it has not begun. It is decided once, so that an hour is refused as a whole. */
  readonly #firstAhead: Hour
  #held = 0
  #reader: Reader | null = null
  #lastLine = 0
  #fault: string | null = null
  #isDamaged = false

  constructor(options: StraightImport) {
    this.#options = options
    this.#firstAhead = (hourOf(options.nowMs + AHEAD_MS_MAX) + 1) as Hour
  }

  async read(): Promise<void> {
    const { input, interrupt } = this.#options
    const stopReading = () => void input.destroy()
    interrupt.addEventListener('abort', stopReading)
    try {
      for await (const chunk of inputTextOf(input)) {
        if (!(await this.#take(this.#splitter.push(chunk)))) break
      }
      await this.#take(this.#splitter.end())
      await this.#send()
    } catch (error) {
      if (!isReadError(error)) throw error
      if (!interrupt.aborted) {
        this.#fault = `${readFaultOf(error)} Read up to line ${this.#lastLine}.`
        this.#isDamaged = error instanceof UnreadableInput && error.isDamaged
      }
    } finally {
      interrupt.removeEventListener('abort', stopReading)
    }
    this.#leaveRest()
    for (const { unproven } of this.#sequences.values()) this.#options.tally.unproven += unproven
  }

  ending(): Ending {
    const { sender, interrupt } = this.#options
    const reason = sender.reason ?? this.#fault
    if (reason !== null) return { kind: 'stopped', reason, isDamaged: this.#isDamaged }
    return { kind: interrupt.aborted ? 'interrupted' : 'complete', lastLine: this.#lastLine }
  }

  get #isOver(): boolean {
    const { sender, interrupt } = this.#options
    return interrupt.aborted || sender.reason !== null
  }

  /** @returns whether there is to be more. */
  async #take(lines: readonly Line[]): Promise<boolean> {
    const { held = HELD_BOUNDS } = this.#options
    for (const line of lines) {
      if (this.#isOver) return false
      this.#lastLine = line.number
      this.#read(line)
      this.#place.pass(line)
      if (this.#held >= held.lines || this.#slices.size >= held.slices) await this.#send()
    }
    return !this.#isOver
  }

  #read({ content, bytes, number }: Line): void {
    const { tally } = this.#options
    if (content !== null && isBlank(content)) return
    tally.lines += 1
    const fault =
      content === null ? `longer than ${LINE_BYTES_MAX} bytes` : this.#readContent(content, number)
    if (fault === null) return
    tally.refuseLine(number, fault, content?.subarray(0, 400).toString('utf8') ?? `${bytes} bytes`)
  }

  /** @returns why the line is refused, or null. */
  #readContent(content: Buffer, number: number): string | null {
    const { tally, nowMs } = this.#options
    this.#reader ??= this.#options.readerFor(content)
    const reading = this.#reader.read(content, nowMs)
    const { hour } = reading
    // A line that is not counted opens its hour all the same. Otherwise an import that refuses other lines (by --format, or in
    // another version) would make another writer, and count the lines behind it once more.
    const isTimed = reading.kind === 'refused' || reading.guard !== 'arriving'
    const sequence = hour !== null && isTimed ? this.#sequenceOf(hour, content, reading, number) : null
    if (reading.kind === 'refused') {
      if (!reading.isNoRequest) return reading.reason
      tally.passOver(number)
      return null
    }
    const counted = countedOf(reading)
    if (!counted.ok) return counted.error
    if (sequence === null) return 'names no time that can be read'
    if (sequence.hour >= this.#firstAhead) return 'is in an hour that has not begun'
    if (reading.isShortened) tally.shortened += 1
    sequence.add(this.#once(counted.value.slice), counted.value.value)
    this.#held += 1
    return null
  }

  #sequenceOf(hour: Hour, content: Buffer, { stableBytes }: LineReading, number: number): Sequence {
    const known = this.#sequences.get(hour)
    if (known !== undefined) return known
    const { rule } = must(this.#reader, 'the reader')
    const place = this.#place.of(content.subarray(0, stableBytes))
    const opened = new Sequence(hour, writerOf(rule, this.#options.salt ?? '', hour, place), number)
    this.#sequences.set(hour, opened)
    return opened
  }

  /** One text for all lines of a slice. */
  #once(slice: string): string {
    const known = this.#slices.get(slice)
    if (known !== undefined) return known
    this.#slices.set(slice, slice)
    return slice
  }

  /** Sends all that is held. */
  async #send(): Promise<void> {
    if (this.#isOver) return
    const sequences = [...this.#sequences.values()].filter(({ held }) => held > 0)
    await this.#options.sender.send(sequences)
    this.#slices.clear()
    this.#held = sequences.reduce((sum, { held }) => sum + held, 0)
  }

  #leaveRest(): void {
    const { tally } = this.#options
    const left = [...this.#sequences.values()].filter(({ held }) => held > 0)
    if (left.length === 0) return
    const lines = left.reduce((sum, { held }) => sum + held, 0) - tally.unknown
    const [first] = left.map(({ firstLine }) => firstLine).sort((a, b) => a - b)
    tally.leaveLines(lines, first ?? 1, this.#lastLine)
  }
}
