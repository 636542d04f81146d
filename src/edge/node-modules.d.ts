/** The parts of Node's modules that the edge uses. Node's own types would bring its globals, which differ from the Worker's. */

declare module 'node:zlib' {
  export interface Gunzip extends AsyncIterable<Uint8Array> {
    readonly destroyed: boolean
    /** Bytes of the input that are decompressed, despite the name. */
    readonly bytesWritten: number
    /** @returns whether more may be written before `drain`. */
    write(chunk: Uint8Array): boolean
    end(): void
    destroy(error?: Error): void
    once(event: 'drain' | 'close', listener: () => void): void
  }
  export function createGunzip(options: { readonly chunkSize: number }): Gunzip
}

declare module 'node:crypto' {
  interface Hash {
    update(data: string | Uint8Array): Hash
    digest(encoding: 'base64url' | 'hex'): string
  }
  export function createHash(algorithm: 'sha256'): Hash
}
