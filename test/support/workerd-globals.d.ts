import type {} from 'node:crypto'

/** Interfaces that workerd adds to the web's own. Tests in Node need their types when they import the Worker's sources. */
declare module 'crypto' {
  namespace webcrypto {
    interface SubtleCrypto {
      timingSafeEqual(a: ArrayBuffer | ArrayBufferView, b: ArrayBuffer | ArrayBufferView): boolean
    }
  }
}
