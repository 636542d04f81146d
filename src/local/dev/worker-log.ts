import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'

/** Lines that wrangler prints at each start, reload and request (wrangler 4.156, log level `log`). */
const CHATTER = [
  /^\[wrangler:info\] /,
  /^⎔ /,
  /^\[custom build\] Running: /,
  /^Your Worker has access to the following bindings:$/,
  /^Binding +Resource +Mode$/,
  /^env\.\w+ \(.*\) +.* +local$/,
  // The hourly cron does not run here, and counting does not depend on it.
  /Scheduled Workers are not automatically triggered during local development/,
  /^ +To manually trigger a scheduled event, run:$/,
  /^ +curl ".*\/scheduled"$/,
  /^ +For more details, see .*cron-triggers/,
  /^$/,
]

/** The first field of a log line about a flush that went well. Wrangler shows the level `debug` like any other. */
const FLUSHED = /^ +message: 'flushed',$/

/** wrangler prints this when one of its workerd processes has crashed and it starts another. */
const RUNTIME_CRASH = /^\[wrangler:warn\] The Workers runtime crashed unexpectedly/

/**
 * Passes on what the Worker logs, and wrangler's warnings and errors. It drops the rest of what wrangler prints, because a
 * higher log level would drop the Worker's `console.log` too. It also drops the log line of a flush that went well, which would
 * appear every few seconds.
 */
export function passOnLog(from: Readable, to: Writable & { readonly isTTY?: boolean }, onCrash: () => void) {
  /** An opening brace that is held back until the next line shows whether its object is to be hidden. */
  let brace = ''
  let isHidden = false
  createInterface({ input: from }).on('line', (line) => {
    const plain = stripVTControlCharacters(line)
    if (brace !== '' && FLUSHED.test(plain)) isHidden = true
    if (!isHidden) {
      to.write(brace)
      if (plain !== '{') pass(line, plain)
    }
    brace = plain === '{' ? '{\n' : ''
    if (plain === '}') isHidden = false
  })

  function pass(line: string, plain: string): void {
    if (CHATTER.some((pattern) => pattern.test(plain))) return
    to.write(`${to.isTTY === true ? line : plain}\n`)
    if (RUNTIME_CRASH.test(plain)) onCrash()
  }
}
