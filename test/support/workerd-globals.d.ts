import type {} from 'node:crypto'

/** What workerd adds to the web's own interfaces, for sources of the Worker that tests in Node import. */
declare module 'crypto' {
  namespace webcrypto {
    interface SubtleCrypto {
      timingSafeEqual(a: ArrayBuffer | ArrayBufferView, b: ArrayBuffer | ArrayBufferView): boolean
    }
  }
}
