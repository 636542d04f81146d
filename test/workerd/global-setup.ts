import { PGlite } from '@electric-sql/pglite'
import type { TestProject } from 'vitest/node'
import { buildModules } from '../../src/local/build.ts'
import { migrate } from '../../src/local/migrate.ts'
import { startNeonEndpoint } from '../../src/local/neon/endpoint.ts'
import { pgliteBackend } from '../../src/local/neon/pglite-backend.ts'
import { serveFaults } from '../support/fault-control.ts'
import { createFaults } from '../support/faults.ts'

/** The dashboard that the Worker imports, and a Postgres of its own behind the Neon-compatible endpoint, whose faults the tests control over HTTP. */
export default async function setup(project: TestProject) {
  await buildModules()
  const database = await PGlite.create()
  await migrate(database)
  const faults = createFaults()
  const endpoint = await startNeonEndpoint({ backend: pgliteBackend(database), around: faults.around })
  const control = await serveFaults(faults)
  project.provide('neonEndpoint', endpoint.url)
  project.provide('faultControl', control.url)
  return async () => {
    await control.close()
    await endpoint.close()
    await database.close()
  }
}
