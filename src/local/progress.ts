/** Between two drawings on a terminal. */
const DRAW_MS = 100

/** Between two lines where there is no terminal, such as in a file or a CI log. */
const LINE_MS = 5_000

/** Back to the first column, and the line cleared. */
const CLEAR = '\r\u001b[2K'

/** The stream on which a progress line is drawn: standard error, or a test's stand-in. */
export type ProgressStream = {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

/** A line that shows how far a command is. Disposing of it ends it. */
export type Progress = Disposable & {
  /** Prints a line of its own above the progress. */
  say(text: string): void
}

/**
 * Shows `line()` until it is disposed of: on a terminal in one place, drawn again and again, and as a new line every 5 s
 * elsewhere. A line that is wider than the terminal is cut, because a wrapped one could not be cleared.
 */
export function showProgress(line: () => string, stream: ProgressStream = process.stderr): Progress {
  return stream.isTTY === true ? redraw(line, stream) : repeat(line, stream)
}

function redraw(line: () => string, stream: ProgressStream): Progress {
  const draw = () => stream.write(`${CLEAR}${line().slice(0, (stream.columns ?? 80) - 1)}`)
  const timer = setInterval(draw, DRAW_MS)
  return {
    say(text) {
      stream.write(`${CLEAR}${text}\n`)
      draw()
    },
    [Symbol.dispose]() {
      clearInterval(timer)
      stream.write(CLEAR)
    },
  }
}

function repeat(line: () => string, stream: ProgressStream): Progress {
  const timer = setInterval(() => stream.write(`${line()}\n`), LINE_MS)
  return {
    say: (text) => void stream.write(`${text}\n`),
    [Symbol.dispose]: () => clearInterval(timer),
  }
}

/** A figure for people, whatever the locale of the machine: `10,000`. */
export function formatCount(n: number): string {
  return n.toLocaleString('en-US')
}
