import type { Backend, Statement } from '../../src/local/neon/backend.ts'

/** The same backend, which tells what was last sent to it. */
export function recording(backend: Backend): { readonly backend: Backend; readonly sent: () => Statement } {
  let last: Statement = { text: '', params: [] }
  const query: Backend['query'] = (statement) => {
    last = statement
    return backend.query(statement)
  }
  return { backend: { ...backend, query }, sent: () => last }
}
