import { PGlite } from '@electric-sql/pglite'
import { migrate } from '../../src/local/migrate.ts'
import { startNeonEndpoint } from '../../src/local/neon/endpoint.ts'
import { pgliteBackend } from '../../src/local/neon/pglite-backend.ts'

/** Where what Postgres costs is not measured: an embedded one in this process. @returns the address of its endpoint. */
export async function startPgliteEndpoint(stack: AsyncDisposableStack): Promise<string> {
  const database = await PGlite.create()
  stack.defer(() => database.close())
  await migrate(database)
  const { url, close } = await startNeonEndpoint({ backend: pgliteBackend(database) })
  stack.defer(close)
  return url
}
