import { readFileSync } from 'node:fs'
import type { Served } from '../support/served.ts'

/** Ticks in a second, in /proc: 100 on every Linux that Node runs on (sysconf CLK_TCK). */
const TICKS = 100

/** User and system time that a process has taken so far. Null where there is no /proc. */
export function cpuSeconds(pid: number): number | null {
  if (process.platform !== 'linux') return null
  // The second field, the command, is in parentheses and may hold spaces; utime and stime are fields 14 and 15.
  const [, rest = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(/\) (?=[A-Z] )/)
  const fields = rest.split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS
}

/** Resident memory of a process. Null where there is no /proc. */
export function rssBytes(pid: number): number | null {
  if (process.platform !== 'linux') return null
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return kilobytes === undefined ? null : Number(kilobytes) * 1024
}

/** Flags of a workerd whose heap can be asked for. They may slow it. */
export const INSPECTED: readonly string[] = ['--inspector-addr=127.0.0.1:0']

/** Lines that a workerd with these flags writes because of them. */
export const INSPECTOR_NOTICE = /^.*info: Inspector .*\n/gm

export type Heap = {
  /**
   * Bytes that V8 uses, garbage included, and those of buffers outside its heap. The isolate answers between two
   * turns, never in the middle of one.
   */
  usedBytes(): Promise<number>
  close(): void
}

/**
 * Asks a workerd that was started with INSPECTED about its heap. Its inspector has one target, named after the
 * service, and never answers `HeapProfiler.collectGarbage`.
 */
export async function inspectHeap({ inspectorPort }: Pick<Served, 'inspectorPort'>): Promise<Heap> {
  const socket = new WebSocket(`ws://127.0.0.1:${inspectorPort}/worker`)
  const waiting = new Map<number, PromiseWithResolvers<number>>()
  const opened = Promise.withResolvers<void>()
  socket.addEventListener('open', () => opened.resolve())
  socket.addEventListener('message', ({ data }) => {
    const { id, result } = JSON.parse(data)
    waiting.get(id)?.resolve(result.usedSize + result.backingStorageSize)
    waiting.delete(id)
  })
  const fail = () => {
    const error = new Error('workerd has ended, or its inspector does not answer')
    opened.reject(error)
    for (const { reject } of waiting.values()) reject(error)
  }
  socket.addEventListener('error', fail)
  socket.addEventListener('close', fail)
  await opened.promise
  let asked = 0
  return {
    usedBytes() {
      const answer = Promise.withResolvers<number>()
      waiting.set(++asked, answer)
      socket.send(JSON.stringify({ id: asked, method: 'Runtime.getHeapUsage' }))
      return answer.promise
    },
    close: () => socket.close(),
  }
}
