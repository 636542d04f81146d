import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { unstable_readConfig } from 'wrangler'
import { withoutLines } from './log-lines.ts'
import { onExit } from './on-exit.ts'

const CONFIG = join(import.meta.dirname, '../../wrangler.toml')

/** A Worker in a workerd of its own, on 127.0.0.1. */
export interface Served {
  /** `http://127.0.0.1:PORT`, without a slash behind it. */
  readonly url: string
  /** Of each isolate, that one first. */
  readonly urls: readonly string[]
  readonly port: number
  /** Of the Worker beside it, if there is one. */
  readonly besidePort: number | undefined
  readonly pid: number
  /** Of V8's inspector, if the flags asked for one with `--inspector-addr=127.0.0.1:0`. */
  readonly inspectorPort: number | undefined
  /**
   * All that workerd has written to its standard output and error so far, but that flushes went well. A Worker in good
   * order writes nothing else.
   */
  log(): string
  /** kill -9 of workerd. It removes the state too, unless that is the caller's. Idempotent. */
  stop(): Promise<void>
}

export type ServeOptions = {
  /** The Worker's module, as `bundle` makes it. */
  readonly script: string
  /** In place of, or beside, what wrangler.toml has in `[vars]`. */
  readonly vars: Readonly<Record<string, string>>
  /** More for workerd's command line, such as `['--inspector-addr=127.0.0.1:9229']`. */
  readonly flags?: readonly string[]
  /** V8's own, such as `['--max-heap-size=128']`, in MiB: past it workerd ends. */
  readonly v8Flags?: readonly string[]
  /** A directory of the caller's where objects live, so that they outlive this workerd. */
  readonly objects?: string
  /** Services of the same Worker that share its objects, each with an isolate and an address of its own. */
  readonly isolates?: number
  /** Another Worker in the same workerd, whose service bindings are to this one. */
  readonly beside?: Beside
}

export type Beside = {
  readonly script: string
  /** Path of its wrangler.toml, whose `[[services]]` it has: their entrypoints and props, to the letter. */
  readonly config: string
}

/**
 * Serves a Worker with `workerd serve`: its socket is workerd's own. Both `wrangler dev` and Miniflare put
 * another Worker in front, which every request passes.
 *
 * Compatibility date and flags, vars and Durable Object classes are wrangler.toml's. Objects live on disk, unless
 * told in a directory of their own under the system's temporary one.
 *
 * @throws with workerd's output when it ends before it listens.
 */
export async function serve(options: ServeOptions): Promise<Served> {
  const { script, flags = [], isolates = 1, beside } = options
  const dir = mkdtempSync(join(tmpdir(), 'sumdial-served-'))
  mkdirSync(join(dir, 'objects'))
  writeFileSync(join(dir, 'worker.js'), script)
  if (beside !== undefined) writeFileSync(join(dir, 'beside.js'), beside.script)
  writeFileSync(join(dir, 'config.capnp'), workerdConfig({ objects: join(dir, 'objects'), ...options }))
  // Without --verbose workerd keeps to itself what an object threw, and what became of a waitUntil.
  const args = ['serve', 'config.capnp', '--verbose', '--control-fd=3', ...flags]
  const child = spawn(workerdBinary(), args, {
    cwd: dir,
    env: { ...process.env, PWD: dir },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  })
  const written = gather(child)
  const log = () => withoutLines(written(), ['flushed'])
  const removeState = () => rmSync(dir, { recursive: true, force: true, maxRetries: 5 })
  const forget = onExit(() => {
    child.kill('SIGKILL')
    removeState()
  })
  const stop = async () => {
    await end(child)
    forget()
    removeState()
  }
  try {
    const { ports, inspectorPort } = await listening(child, isolates + (beside === undefined ? 0 : 1))
    const besidePort = ports.get('beside')
    const inOrder = [...ports].filter(([name]) => name !== 'beside').sort(([a], [b]) => (a < b ? -1 : 1))
    const urls = inOrder.map(([, each]) => `http://127.0.0.1:${each}`)
    const port = ports.get('worker') ?? 0
    return { url: urls[0] ?? '', urls, port, besidePort, pid: child.pid ?? 0, inspectorPort, log, stop }
  } catch (error) {
    await stop()
    throw new Error(`workerd did not start:\n${log()}`, { cause: error })
  }
}

/** The package is wrangler's, so it is looked up from there. Its main module is the path of the binary. */
function workerdBinary(): string {
  const require = createRequire(import.meta.resolve('wrangler'))
  return require('workerd').default
}

/** @returns the version that `workerd --version` prints, which is a date. */
export function workerdVersion(): string {
  const require = createRequire(import.meta.resolve('wrangler'))
  return require('workerd').version
}

const text = (value: unknown) => JSON.stringify(value)

/** Cap'n Proto's text form, whose strings are written as JSON's are. Source: workerd/workerd.capnp. */
function workerdConfig(options: ServeOptions & { readonly objects: string }): string {
  const { objects, vars, isolates = 1, beside, v8Flags = [] } = options
  const config = unstable_readConfig({ config: CONFIG })
  const list = (parts: readonly string[]) => `[\n    ${parts.join(',\n    ')}\n  ]`
  const classes: readonly { name: string; class_name: string }[] = config.durable_objects.bindings
  const bindings = [
    ...Object.entries({ ...config.vars, ...vars }).map(
      ([name, value]) => `(name = ${text(name)}, text = ${text(value)})`,
    ),
    ...classes.map(
      (c) =>
        `(name = ${text(c.name)}, durableObjectNamespace = (className = ${text(c.class_name)}, serviceName = "worker"))`,
    ),
  ]
  const others = Array.from({ length: isolates - 1 }, (_, i) => `worker-${i + 2}`)
  const namespaces = classes.map(
    (c) => `(className = ${text(c.class_name)}, uniqueKey = ${text(c.class_name)}, enableSql = true)`,
  )
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  v8Flags = ${list(v8Flags.map(text))},
  services = [
    (name = "worker", worker = .worker),${others
      .map(
        (name) => `
    (name = ${text(name)}, worker = .other),`,
      )
      .join('')}
    (name = "objects", disk = (path = ${text(objects)}, writable = true)),
    (name = "internet", network = (allow = ["public", "private"]))${
      beside === undefined ? '' : ',\n    (name = "beside", worker = .beside)'
    }
  ],
  sockets = ${list(
    ['worker', ...others, ...(beside === undefined ? [] : ['beside'])].map(
      (name) => `(name = ${text(name)}, address = "127.0.0.1:0", http = (), service = ${text(name)})`,
    ),
  )}
);

const other :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = ${text(config.compatibility_date)},
  compatibilityFlags = ${text(config.compatibility_flags)},
  bindings = ${list(bindings)}
);

const worker :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = ${text(config.compatibility_date)},
  compatibilityFlags = ${text(config.compatibility_flags)},
  bindings = ${list(bindings)},
  durableObjectNamespaces = ${list(namespaces)},
  durableObjectStorage = (localDisk = "objects")
);
${beside === undefined ? '' : besideConfig(beside)}`
}

function besideConfig({ config: path }: Beside): string {
  const config = unstable_readConfig({ config: path })
  const services: readonly { binding: string; entrypoint?: string; props?: object }[] = config.services ?? []
  const bindings = services.map(({ binding, entrypoint, props }) => {
    const to = entrypoint === undefined ? '' : `, entrypoint = ${text(entrypoint)}`
    const given = props === undefined ? '' : `, props = (json = ${text(text(props))})`
    return `(name = ${text(binding)}, service = (name = "worker"${to}${given}))`
  })
  return `
const beside :Workerd.Worker = (
  modules = [(name = "beside.js", esModule = embed "beside.js")],
  compatibilityDate = ${text(config.compatibility_date)},
  compatibilityFlags = ${text(config.compatibility_flags)},
  bindings = [${bindings.join(', ')}]
);
`
}

/** Said once at the start of a flag that the compatibility date implies; older dates need it, so it does no harm. */
const FLAG_NOTICE =
  /^service (?:worker(?:-\d+)?|beside): The compatibility flag \w+ became the default as of .*\n/gm

function gather(child: ChildProcess): () => string {
  const chunks: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => chunks.push(chunk))
  return () => Buffer.concat(chunks).toString().replaceAll(FLAG_NOTICE, '')
}

/** workerd tells on its control descriptor, one JSON object a line, which port each socket has got, in any order. */
async function listening(child: ChildProcess, sockets: number) {
  const control = createInterface({ input: child.stdio[3] as Readable })
  let inspectorPort: number | undefined
  const ports = new Map<string, number>()
  for await (const line of control) {
    const { event, port, socket = '' }: { event: string; port?: number; socket?: string } = JSON.parse(line)
    if (event === 'listen-inspector') inspectorPort = port
    if (event === 'listen' && port !== undefined) ports.set(socket, port)
    if (ports.size === sockets) return { ports, inspectorPort }
  }
  throw new Error('workerd ended before it listened')
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}
