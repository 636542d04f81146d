import type { Plant } from '../plants.ts'

const prefixes = { project: 'node', file: 'test/model/key.test.ts' } as const
const lists = { project: 'node', file: 'test/postgres/lists.test.ts' } as const
const hours = { project: 'node', file: 'test/edge/read/hour.test.ts' } as const

/** Lists by prefix, and whether an hour is final. */
export const LISTING: readonly Plant[] = [
  {
    name: 'successor-surrogates',
    mistake: 'The end of a prefix range behind U+D7FF is a lone surrogate, which UTF-8 cannot write.',
    edits: [
      {
        file: 'src/model/key.ts',
        find: 'last === BEFORE_SURROGATES ? AFTER_SURROGATES : last + 1',
        replace: 'last + 1',
      },
    ],
    suite: prefixes,
  },
  {
    name: 'successor-off-by-one',
    mistake: 'A prefix range ends one code point too late, and lists keys that do not begin with the prefix.',
    edits: [
      {
        file: 'src/model/key.ts',
        find: 'AFTER_SURROGATES : last + 1',
        replace: 'AFTER_SURROGATES : last + 2',
      },
    ],
    suite: prefixes,
  },
  {
    name: 'grant-in-part-of-a-segment',
    mistake: 'A token of site/acme is shown the keys of site/acme-corp.',
    edits: [
      {
        file: 'src/model/key.ts',
        find: `[keyAlone(grant), keysFrom(\`\${grant}/\`)]`,
        replace: '[keysFrom(grant)]',
      },
    ],
    suite: { ...lists, titles: '[S2]' },
  },
  {
    name: 'grant-ignored-in-groups',
    mistake: 'Groups are made of all keys under the prefix, whatever the token may read.',
    edits: [
      {
        file: 'src/edge/read/list-query.ts',
        find: 'const ranges = keysUnder(prefix, grant)',
        replace: 'const ranges = keysUnder(prefix, depth === undefined ? grant : null)',
      },
    ],
    suite: { ...lists, titles: 'groups' },
  },
  {
    name: 'cursor-inclusive',
    mistake: 'A page begins with the last key of the page before.',
    edits: [
      { file: 'src/postgres/list-sql.ts', find: `key > \${after}::text`, replace: `key >= \${after}::text` },
    ],
    suite: { ...lists, titles: 'pages' },
  },
  {
    name: 'group-cursor-by-key',
    mistake: 'A page of groups begins above a key, so that a group is shown again by its own children.',
    edits: [
      { file: 'src/postgres/list-sql.ts', find: `sql\`where name > \${after}::text\``, replace: 'sql``' },
    ],
    suite: { ...lists, titles: 'pages' },
  },
  {
    name: 'cursor-without-hours',
    mistake: 'The pages of the last 24 hours move on with the time.',
    edits: [
      {
        file: 'src/edge/read/list-query.ts',
        find: 'cursor === undefined ? parseListRange(parsed.parameters, nowMs)',
        replace: 'cursor !== null ? parseListRange(parsed.parameters, nowMs)',
      },
    ],
    suite: { ...lists, titles: 'pages' },
  },
  {
    name: 'final-when-closed',
    mistake:
      'An hour is called final as soon as its shard refuses, though a machine whose clock is behind would not.',
    edits: [
      {
        file: 'src/model/closing.ts',
        find: 'return nowMs >= retireAtMs(hour, lateHours)',
        replace: 'return nowMs >= edgeClosesMs(hour, lateHours) + 600_000',
      },
    ],
    suite: hours,
  },
  {
    name: 'final-though-parked',
    mistake: 'An hour with parked increments is called final.',
    edits: [
      {
        file: 'src/model/closing.ts',
        find: ' && settlement.pending === 0 && settlement.parked === 0',
        replace: ' && settlement.pending === 0',
      },
    ],
    suite: hours,
  },
  {
    name: 'frozen-counts-as-settled',
    mistake: 'What is frozen, and so perhaps not in Postgres, does not keep an hour from being final.',
    edits: [
      {
        file: 'src/shard/holdings.ts',
        find: 'frozen.reduce((sum, { cells }) => sum + countUnder(cells, prefix), openUnder)',
        replace: 'frozen.reduce((sum) => sum, openUnder)',
      },
    ],
    suite: hours,
  },
]
