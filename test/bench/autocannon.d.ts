/** What the benchmarks use of autocannon 9, which brings no types. Source: its README. */
declare module 'autocannon' {
  type Request = { readonly body?: string; readonly setupRequest?: (request: object) => object }

  type Client = { setRequests(requests: readonly Request[]): void }

  type Options = {
    readonly url: string | readonly string[]
    readonly connections: number
    /** Seconds. */
    readonly duration: number
    /** Requests a second, over all connections. */
    readonly overallRate?: number
    /** Seconds that a request may take. */
    readonly timeout: number
    readonly method: string
    readonly headers: Readonly<Record<string, string>>
    readonly setupClient: (client: Client) => void
  }

  type Result = {
    /** Seconds. */
    readonly duration: number
    /** Connections that broke, timeouts included. */
    readonly errors: number
    readonly statusCodeStats: Readonly<Record<string, { readonly count: number }>>
    /** Milliseconds. */
    readonly latency: { readonly p50: number; readonly p99: number }
  }

  export default function autocannon(options: Options): Promise<Result>
}
