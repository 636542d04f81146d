import type { Plant, Suite } from '../plants.ts'

const ACCESS_TESTS: Suite = { project: 'workerd', file: 'test/workerd/access.test.ts' }

/** Who may do what. */
export const ACCESS: readonly Plant[] = [
  {
    name: 'prefix-without-segments',
    mistake: 'a token for site/acme counts and reads site/acme-corp too',
    edits: [
      {
        file: 'src/model/token.ts',
        find: `key === prefix || key.startsWith(\`\${prefix}/\`)`,
        replace: 'key.startsWith(prefix)',
      },
    ],
    suite: ACCESS_TESTS,
  },
  {
    name: 'scope-not-asked',
    mistake: 'any known token may do everything under its prefix',
    edits: [
      {
        file: 'src/edge/access.ts',
        find: 'if (scopes.includes(needed)) return undefined',
        replace: 'if (scopes.length > 0) return undefined',
      },
    ],
    suite: ACCESS_TESTS,
  },
  {
    name: 'idempotency-key-of-all-tokens',
    mistake: 'two tokens that choose the same Idempotency-Key count once',
    edits: [
      {
        file: 'src/model/entry.ts',
        find: `\`r\\n\${token}\\n\${idempotencyKey}\``,
        replace: `\`r\\n\${token.slice(0, 0)}\\n\${idempotencyKey}\``,
      },
    ],
    suite: { ...ACCESS_TESTS, titles: 'Idempotency-Key' },
  },
  {
    name: 'open-without-tokens',
    mistake: 'a deployed Worker without tokens lets everyone in',
    edits: [
      {
        file: 'src/edge/access.ts',
        find: 'if (isOpen) return async',
        replace: 'if (isOpen || tokens.length === 0) return async',
      },
    ],
    suite: ACCESS_TESTS,
  },
]
