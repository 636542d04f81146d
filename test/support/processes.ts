import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { vi } from 'vitest'

const run = promisify(execFile)

export interface ProcessInfo {
  readonly pid: number
  readonly parent: number
  /** The process group's leader. */
  readonly group: number
  /** With its arguments. */
  readonly command: string
}

/** All of this machine that still run: one that is dead and not yet waited for is not among them. */
async function listProcesses(): Promise<ProcessInfo[]> {
  return process.platform === 'linux' ? listByProc() : listByPs()
}

/** Slim containers have no `ps`. */
async function listByProc(): Promise<ProcessInfo[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const found = await Promise.all(pids.map(readProc))
  return found.filter((info) => info !== undefined)
}

async function readProc(pid: string): Promise<ProcessInfo | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ')
    // `pid (name) state parent group ...`, where the name may hold anything. See proc_pid_stat(5).
    const [state = '', parent, group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if ('ZX'.includes(state)) return undefined
    return { pid: Number(pid), parent: Number(parent), group: Number(group), command }
  } catch {
    // It ended between the listing and the reading.
    return undefined
  }
}

async function listByPs(): Promise<ProcessInfo[]> {
  const { stdout } = await run('ps', ['-A', '-ww', '-o', 'pid=,ppid=,pgid=,stat=,command='])
  return stdout.split('\n').flatMap((line) => {
    const [, pid, parent, group, state = 'Z', command = ''] =
      /^ *(\d+) +(\d+) +(\d+) +(\S+) +(.*)$/.exec(line) ?? []
    if (state.startsWith('Z')) return []
    return [{ pid: Number(pid), parent: Number(parent), group: Number(group), command }]
  })
}

/**
 * A process and all that it started, parents before children, kept up with by `list()`: a process that has been
 * seen stays known when its parent dies, and so do the later ones of its process group.
 */
export class ProcessTree {
  readonly #root: number
  readonly #known = new Set<number>()
  readonly #groups = new Set<number>()

  constructor(root: number) {
    this.#root = root
    this.#known.add(root)
  }

  /** Those that run now. */
  async list(): Promise<ProcessInfo[]> {
    const all = (await listProcesses()).sort((a, b) => a.pid - b.pid)
    this.#forgetAllBut(all)
    let size = -1
    while (size !== this.#known.size) {
      size = this.#known.size
      for (const info of all) if (this.#isOurs(info)) this.#add(info)
    }
    return all.filter(({ pid }) => this.#known.has(pid))
  }

  /** The number of a process that has ended may soon be a stranger's. */
  #forgetAllBut(all: readonly ProcessInfo[]): void {
    const pids = new Set(all.map(({ pid }) => pid))
    const groups = new Set(all.map(({ group }) => group))
    for (const pid of this.#known) if (!pids.has(pid)) this.#known.delete(pid)
    for (const group of this.#groups) if (!groups.has(group)) this.#groups.delete(group)
  }

  #isOurs({ parent, group }: ProcessInfo): boolean {
    return this.#known.has(parent) || this.#groups.has(group)
  }

  #add({ pid, group }: ProcessInfo): void {
    this.#known.add(pid)
    // The root's own group is also this test's.
    if (group === pid && pid !== this.#root) this.#groups.add(group)
  }

  /** kill -9 of each, until none is left. */
  async kill(): Promise<void> {
    for (let left = await this.list(); left.length > 0; left = await this.list()) left.forEach(killHard)
  }

  /** Resolves when all have ended by themselves. */
  async untilGone(withinMs: number): Promise<void> {
    await vi.waitFor(
      async () => {
        const left = await this.list()
        if (left.length > 0) throw new Error(`still there: ${left.map(({ command }) => command).join('\n')}`)
      },
      { timeout: withinMs, interval: 50 },
    )
  }
}

export function killHard({ pid }: ProcessInfo): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    // It has ended meanwhile.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}
