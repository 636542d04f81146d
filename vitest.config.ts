import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'

/** Their random cases run in part in `npm test`, and all of them in `npm run test:long`: test/support/thorough.ts. */
const THOROUGH = [
  'test/local/import/{cutting,repeat}.test.ts',
  'test/local/migrate.test.ts',
  'test/postgres/{calendar-against-postgres,compare,lists,ranges-against-postgres,retention,series,sink}.test.ts',
  'test/simulation/simulation.test.ts',
  'test/postgres/rollups/{any-order,careful-lists,lists-over-days,reads-over-days}.test.ts',
]

/** Long files that others may run beside, because they measure no time and make no load. */
const BESIDE_OTHERS = [
  'test/browser/*.long.test.ts',
  'test/e2e/{binding,client,dev-first,dev-guards,dev-postgres,generated-client,hibernation,rollup,wrangler-dev}.long.test.ts',
  'test/e2e/foreign/{clients,libraries,opentelemetry}.long.test.ts',
  'test/local/**/*.long.test.ts',
  'test/postgres/{docs-sql,least-privileges}.long.test.ts',
  'test/postgres/driver/cuts.long.test.ts',
]

/** A busy machine may be late by seconds with anything, so Vitest's one second is too little. */
const PATIENT = { poll: { timeout: 30_000 } }

/**
 * - `node`: the pure model, the store over node:sqlite, the local tools within one process, the sink on a real PostgreSQL.
 * - `workerd`: the Worker and its Durable Object in the real runtime.
 * - `e2e`: whole processes, started and stopped as a user would, in the journeys that most users make; after the others.
 * - `browser`: the dashboard in a Chromium, on the journeys whose failure most people would notice first.
 * - `thorough`: `*.long.test.ts` of the other journeys and of commands as processes, and all random cases of the files of `node` that
 *   have many.
 * - `long`: the other files called `*.long.test.ts`, one at a time: kill -9 under load, much load, fuzzing.
 *
 * `npm test` leaves the last two to `npm run test:long`.
 */
export default defineConfig({
  test: {
    // Vitest would leave one processor free, which is half of a small machine.
    maxWorkers: '100%',
    projects: [
      {
        test: {
          name: 'node',
          include: [
            'test/*.test.ts',
            'test/{model,shard,edge,postgres,local,simulation,upgrade,client,dashboard,planted}/**/*.test.ts',
          ],
          exclude: ['**/*.long.test.ts'],
          expect: PATIENT,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // Files share their imports: 81 of them took 21 s of processor time in place of 50. A test puts back what it changes.
          isolate: false,
          sequence: { groupOrder: 0 },
        },
      },
      {
        plugins: [
          cloudflareTest(({ inject }) => ({
            wrangler: { configPath: './wrangler.toml' },
            miniflare: {
              bindings: {
                DATABASE_URL: 'postgresql://sumdial:sumdial@localhost/sumdial',
                NEON_FETCH_ENDPOINT: inject('neonEndpoint'),
                DEV_ACCESS: 'open',
                // Alarms ring only when a test rings them.
                FLUSH_INTERVAL_SECONDS: '3600',
              },
            },
          })),
        ],
        test: {
          name: 'workerd',
          include: ['test/workerd/**/*.test.ts'],
          globalSetup: ['./test/workerd/global-setup.ts'],
          // Files share one database, the faults of its endpoint, and one workerd, because starting one for each file took most
          // of the processor time. The setup file gives each of them shards and tables of its own.
          fileParallelism: false,
          isolate: false,
          setupFiles: ['./test/workerd/begin-file.ts'],
          expect: PATIENT,
          testTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          exclude: ['**/*.long.test.ts'],
          expect: PATIENT,
          testTimeout: 300_000,
          hookTimeout: 120_000,
          // As in `node`.
          isolate: false,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          exclude: ['**/*.long.test.ts'],
          expect: PATIENT,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // Beside `e2e`.
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'thorough',
          include: [...BESIDE_OTHERS, ...THOROUGH],
          env: { SUMDIAL_THOROUGH: '1' },
          expect: PATIENT,
          testTimeout: 300_000,
          hookTimeout: 120_000,
          // As in `node`.
          isolate: false,
          sequence: { groupOrder: 3 },
        },
      },
      {
        test: {
          name: 'long',
          include: ['test/**/*.long.test.ts'],
          exclude: BESIDE_OTHERS,
          expect: PATIENT,
          testTimeout: 300_000,
          hookTimeout: 120_000,
          fileParallelism: false,
          sequence: { groupOrder: 4 },
        },
      },
    ],
  },
})
