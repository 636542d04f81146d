import pg from 'pg'
import type { TestProject } from 'vitest/node'
import { buildModules } from '../../src/local/build.ts'
import { migrate } from '../../src/local/migrate.ts'
import { startNeonEndpoint } from '../../src/local/neon/endpoint.ts'
import { pgBackend } from '../../src/local/neon/pg-backend.ts'
import { serveFaults } from '../support/fault-control.ts'
import { createFaults } from '../support/faults.ts'
import { startPostgres } from '../support/postgres.ts'

/** Makes `begin_anew()`, which puts the tables back to what they are now. */
const BEGIN_ANEW = `
create table public.first_settings as table sumdial.settings;
create function public.begin_anew() returns void language plpgsql as $$
begin
  execute (
    select 'truncate ' || string_agg(format('sumdial.%I', tablename), ', ')
    from pg_tables where schemaname = 'sumdial' and tablename <> 'migrations'
  );
  insert into sumdial.settings table public.first_settings;
end $$`

/** The dashboard that the Worker imports, and a Postgres of its own behind the Neon-compatible endpoint, whose faults the tests control over HTTP. */
export default async function setup(project: TestProject) {
  await buildModules()
  // A PGlite would take 34 s of processor time more.
  const server = await startPostgres({ autovacuum: 'off' })
  const url = await server.createDatabase()
  await migrate(url)
  const pool = new pg.Pool({ connectionString: url, max: 4 })
  await pool.query(BEGIN_ANEW)
  const faults = createFaults()
  const endpoint = await startNeonEndpoint({ backend: pgBackend(pool), around: faults.around })
  const control = await serveFaults(faults)
  project.provide('neonEndpoint', endpoint.url)
  project.provide('faultControl', control.url)
  return async () => {
    await control.close()
    await endpoint.close()
    await pool.end()
    await server.stop()
  }
}
