import { readFileSync } from 'node:fs'
import type { Served } from '../support/served.ts'

/** Resident memory of a process; null where the system has no /proc. */
export function rssBytes(pid: number): number | null {
  if (process.platform !== 'linux') return null
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return kilobytes === undefined ? null : Number(kilobytes) * 1024
}

/** Flags of a workerd that is asked for its heap. */
export const INSPECTED: readonly string[] = ['--inspector-addr=127.0.0.1:0']

/** What such a workerd writes of its own accord. */
export const INSPECTOR_NOTICE = /^.*info: Inspector .*\n/gm

export type Heap = {
  /**
   * What V8 uses at present, in bytes, whatever is garbage included, and what stands outside of its heap. It is answered
   * between two turns of the isolate, never in one.
   */
  usedBytes(): Promise<number>
  close(): void
}

/**
 * Asks a workerd that was started with INSPECTED. It has one target, named after the service;
 * `HeapProfiler.collectGarbage` it never answers.
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
