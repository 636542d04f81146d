/** The part of autocannon 9 that the benchmarks use, because it brings no types. Source: its README. */
declare module 'autocannon' {
  type Request = {
    readonly path?: string
    readonly body?: string | Buffer
    readonly setupRequest?: (request: object) => object
  }

  type Client = { setRequests(requests: readonly Request[]): void }

  type Options = {
    readonly url: string | readonly string[]
    readonly connections: number
    /** Seconds. */
    readonly duration: number
    /** Milliseconds between two looks at whether the load is over. */
    readonly sampleInt: number
    /** Seconds that a request may take. */
    readonly timeout: number
    readonly method: string
    readonly headers: Readonly<Record<string, string>>
    readonly setupClient: (client: Client) => void
  }

  type Result = {
    /** Connections that broke, timeouts included. */
    readonly errors: number
    readonly statusCodeStats: Readonly<Record<string, { readonly count: number }>>
    /** Milliseconds. */
    readonly latency: { readonly p50: number; readonly p99: number }
  }

  /** Says `start` when its connections are ready. */
  type Running = PromiseLike<Result> & { once(event: 'start', listener: () => void): void }

  export default function autocannon(options: Options): Running
}
