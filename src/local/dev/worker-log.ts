import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'

/** What wrangler says at each start, reload and request (wrangler 4.156, log level `log`). */
const CHATTER = [
  /^\[wrangler:info\] /,
  /^⎔ /,
  /^\[custom build\] Running: /,
  /^Your Worker has access to the following bindings:$/,
  /^Binding +Resource +Mode$/,
  /^env\.\w+ \(.*\) +.* +local$/,
  // The hourly cron does not run here; nothing that a person counts depends on it.
  /Scheduled Workers are not automatically triggered during local development/,
  /^ +To manually trigger a scheduled event, run:$/,
  /^ +curl ".*\/scheduled"$/,
  /^ +For more details, see .*cron-triggers/,
  /^$/,
]

/** In a log line that all is well, the first field. Wrangler shows the level `debug` like any other. */
const WELL = /^ +message: 'flushed',$/

/** What wrangler says when a workerd process of its own has ended unasked, and another takes its place. */
const RUNTIME_CRASH = /^\[wrangler:warn\] The Workers runtime crashed unexpectedly/

/**
 * Passes on what the Worker logs, and wrangler's warnings and errors, without the rest that wrangler says. A
 * higher log level of wrangler's would do the latter, but would drop the Worker's `console.log` too. Nor does it pass
 * on that a flush went well, which it does every few seconds.
 */
export function passOnLog(from: Readable, to: Writable & { readonly isTTY?: boolean }, onCrash: () => void) {
  /** A brace whose object has not shown yet what it is, and whether it is one to hide. */
  let brace = ''
  let isHidden = false
  createInterface({ input: from }).on('line', (line) => {
    const plain = stripVTControlCharacters(line)
    if (brace !== '' && WELL.test(plain)) isHidden = true
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
