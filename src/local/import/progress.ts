import type { WriteStream } from 'node:tty'
import cliProgress from 'cli-progress'
import type { Tally } from './tally.ts'

/** Between two lines of progress where there is no terminal to draw on. */
const LINE_EVERY_MS = 5_000

const DRAW_EVERY_MS = 100

export interface Progress {
  /** Shows one line without tearing the bar. */
  say(text: string): void
  stop(): void
}

/**
 * A bar on a terminal, a line now and then elsewhere.
 * @param totalBytes of the input; null when nobody knows (a pipe), and then there is no bar
 */
export function showProgress(
  tally: () => Tally,
  totalBytes: number | null,
  stream: WriteStream,
  now: () => number,
): Progress {
  const rate = rateSince(now(), now)
  if (stream.isTTY && totalBytes !== null) return drawBar(tally, totalBytes, stream, rate)
  const timer = setInterval(() => stream.write(`${lineOf(tally(), totalBytes, rate)}\n`), LINE_EVERY_MS)
  return { say: (text) => void stream.write(`${text}\n`), stop: () => clearInterval(timer) }
}

function drawBar(
  tally: () => Tally,
  totalBytes: number,
  stream: WriteStream,
  rate: (tally: Tally) => string,
): Progress {
  const bar = new cliProgress.SingleBar({
    format: '{bar} {percentage}%  {words}',
    barsize: 24,
    stream,
    clearOnComplete: true,
    // Ctrl-C ends the import in its own way, which stops the bar.
    gracefulExit: false,
  })
  const draw = () => bar.update(tally().bytes, { words: wordsOf(tally(), rate) })
  const start = () => bar.start(totalBytes, tally().bytes, { words: wordsOf(tally(), rate) })
  start()
  const timer = setInterval(draw, DRAW_EVERY_MS)
  return {
    say(text) {
      bar.stop()
      stream.write(`${text}\n`)
      start()
    },
    stop() {
      clearInterval(timer)
      bar.stop()
    },
  }
}

function lineOf(tally: Tally, totalBytes: number | null, rate: (tally: Tally) => string): string {
  const percent = totalBytes ? `${Math.floor((100 * tally.bytes) / totalBytes)}%, ` : ''
  return `${percent}${wordsOf(tally, rate)}`
}

function wordsOf(tally: Tally, rate: (tally: Tally) => string): string {
  const acknowledged = tally.accepted + tally.duplicates
  return `${count(acknowledged)} accepted, ${rate(tally)}, ${count(tally.refused)} refused, ${count(tally.unknown)} unknown`
}

/** Lines dealt with per second since the beginning. */
function rateSince(startMs: number, now: () => number): (tally: Tally) => string {
  return (tally) => {
    const done = tally.accepted + tally.duplicates + tally.refused + tally.unknown
    return `${count(Math.round((done * 1000) / Math.max(1, now() - startMs)))} lines/s`
  }
}

/** `10,000`, whatever the locale of the machine. */
export function count(n: number): string {
  return n.toLocaleString('en-US')
}
