import type { Plant, Suite } from '../plants.ts'

const METRICS_TESTS: Suite = { project: 'node', file: 'test/edge/operate/metrics.test.ts' }
const WATCHING_TESTS: Suite = { project: 'node', file: 'test/edge/operate/watching.test.ts' }

/** What is told of all this: metrics, alerts, the log. */
export const WATCHING: readonly Plant[] = [
  {
    name: 'unanswered-shard-left-out-of-the-sum',
    mistake:
      'a shard that does not answer makes the total of its hour smaller, which Prometheus takes for a restart',
    edits: [
      {
        file: 'src/edge/operate/metrics.ts',
        find: 'hour === undefined || answered.length < all.length ? []',
        replace: 'hour === undefined || answered.length > all.length ? []',
      },
    ],
    suite: METRICS_TESTS,
  },
  {
    name: 'one-total-over-the-hours',
    mistake: 'the totals of all recent hours are one series, which falls when an hour leaves',
    edits: [
      {
        file: 'src/edge/operate/metric-families.ts',
        find: "return [{ labels: { hour: String(hour % 24).padStart(2, '0') }, value }]",
        replace: 'return [{ labels: { hour: String(hour - hour) }, value }]',
      },
    ],
    suite: METRICS_TESTS,
  },
  {
    name: 'a-series-for-each-hour-ever',
    mistake: 'the label is the hour itself, so there are new series for ever',
    edits: [
      {
        file: 'src/edge/operate/metric-families.ts',
        find: 'String(hour % 24)',
        replace: 'String(hour)',
      },
    ],
    suite: METRICS_TESTS,
  },
  {
    name: 'alert-on-another-name',
    mistake: 'a metric is renamed, and the alert on it never fires again',
    edits: [
      {
        file: 'src/edge/operate/metric-families.ts',
        find: "'sumdial_lag_seconds'",
        replace: "'sumdial_lag_age_seconds'",
      },
    ],
    suite: WATCHING_TESTS,
  },
  {
    name: 'words-of-postgres-in-the-log',
    mistake: "a refusal is logged in Postgres's words, which can hold a key",
    edits: [
      {
        file: 'src/log.ts',
        find: 'return /^SQLSTATE \\w+/.exec(reason)?.[0] ?? reason',
        replace: 'return reason',
      },
    ],
    suite: { project: 'workerd', file: 'test/workerd/secrets.test.ts', titles: 'of a shard tells no key' },
  },
  {
    name: 'tally-kept-in-memory',
    mistake: 'what came of a failed batch is counted in memory alone, and an eviction takes it back',
    edits: [
      {
        file: 'src/shard/store.ts',
        find: 'this.#sql.transaction(() => tables.saveState(this.#sql, next))\n    this.#memory.state = next',
        replace: 'this.#memory.state = next',
      },
    ],
    suite: { project: 'node', file: 'test/shard/store.test.ts' },
  },
]
