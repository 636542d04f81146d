import type { Plant, Suite } from '../plants.ts'

const EDIT = 'src/local/deploy/schedule-edit.ts'
const RECORD = 'src/local/deploy/record.ts'

const inEdit: Suite = { project: 'node', file: 'test/local/schedule-edit.test.ts' }
const inRecord: Suite = {
  project: 'node',
  file: 'test/local/deploy-record.test.ts',
  titles: 'interrupted anywhere',
}
const inDeploy: Suite = { project: 'node', file: 'test/local/deploy.test.ts' }

/** Which edits are deployed, what is known of deploys that were interrupted, and what a migration may do. */
export const DEPLOYING: readonly Plant[] = [
  {
    name: 'edit-reopens-a-retired-hour',
    mistake: 'an hour counts as retired by the deployed LATE_HOURS alone, though the edit says longer',
    edits: [
      {
        file: EDIT,
        find: 'Math.max(valueAt(deployed.LATE_HOURS, span.from), valueAt(edited.LATE_HOURS, span.from))',
        replace: 'valueAt(deployed.LATE_HOURS, span.from)',
      },
    ],
    suite: inEdit,
  },
  {
    name: 'edit-begins-at-once',
    mistake: 'a change may begin with the next hour, while its deploy is still on its way',
    edits: [{ file: EDIT, find: 'firstHourFrom(nowMs + HOUR_MS)', replace: 'firstHourFrom(nowMs)' }],
    suite: inEdit,
  },
  {
    name: 'unconfirmed-taken-for-failed',
    mistake: 'a deploy that was not confirmed is taken for one that never went live',
    edits: [
      {
        file: RECORD,
        find: '...unconfirmed.map((deploy) => candidate(deploy.id, deploy))',
        replace: '...unconfirmed.slice(unconfirmed.length).map((deploy) => candidate(deploy.id, deploy))',
      },
    ],
    suite: inRecord,
  },
  {
    name: 'unconfirmed-taken-for-live',
    mistake: 'a deploy that was not confirmed is taken for live, and what was live before it is forgotten',
    edits: [
      {
        file: RECORD,
        find: 'candidate(BEFORE, live), ',
        replace: '...(unconfirmed.length > 0 ? [] : [candidate(BEFORE, live)]), ',
      },
    ],
    suite: inRecord,
  },
  {
    name: 'deploys-pass-each-other',
    mistake: 'a second deploy does not see that one is under way',
    edits: [{ file: RECORD, find: '!hasEnded && nowMs', replace: 'hasEnded && nowMs' }],
    suite: inDeploy,
  },
  {
    name: 'aborted-taken-for-live',
    mistake: 'a wrangler that was told not to deploy is taken for one that has',
    edits: [
      {
        file: 'src/local/deploy/run.ts',
        find: 'if (code === 0 && versionId !== null) return',
        replace: "if (code === 0 && versionId !== '') return",
      },
    ],
    suite: inDeploy,
  },
  {
    name: 'migration-takes-a-null-away',
    mistake: 'a migration forbids what the release before writes',
    edits: [
      {
        file: 'migrations/0001_hour_pages.sql',
        find: 'CREATE INDEX "counters_hour_pages"',
        replace: `ALTER TABLE "sumdial"."ledger" ALTER COLUMN "batch" SET NOT NULL;--> statement-breakpoint
CREATE INDEX "counters_hour_pages"`,
      },
    ],
    suite: { project: 'node', file: 'test/upgrade/release.test.ts', titles: 'the newest schema' },
  },
  {
    name: 'migration-drops-a-column',
    mistake: 'a migration drops a column, of a table that no recorded statement names',
    edits: [
      {
        file: 'migrations/0001_hour_pages.sql',
        find: 'CREATE INDEX "counters_hour_pages"',
        replace: `ALTER TABLE "sumdial"."settings" DROP COLUMN "recorded_at";--> statement-breakpoint
CREATE INDEX "counters_hour_pages"`,
      },
    ],
    suite: { project: 'node', file: 'test/upgrade/additive.test.ts' },
  },
]
