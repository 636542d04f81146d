import { PGlite } from '@electric-sql/pglite'
import type { TestProject } from 'vitest/node'
import { buildDashboard } from '../../src/local/dashboard/build.ts'
import { migrate } from '../../src/local/migrate.ts'
import { startNeonEndpoint } from '../../src/local/neon/endpoint.ts'
import { pgliteBackend } from '../../src/local/neon/pglite-backend.ts'
import { createFaults } from '../support/faults.ts'

declare module 'vitest' {
  interface ProvidedContext {
    neonEndpoint: string
  }
}

/** The dashboard that the Worker imports, and a Postgres of its own behind the Neon-compatible endpoint, whose faults the tests control over HTTP. */
export default async function setup(project: TestProject) {
  await buildDashboard()
  const database = await PGlite.create()
  await migrate(database)
  const endpoint = await startNeonEndpoint({ backend: pgliteBackend(database), faults: createFaults() })
  project.provide('neonEndpoint', endpoint.url)
  return async () => {
    await endpoint.close()
    await database.close()
  }
}
