import type { Plant, Suite } from '../plants.ts'

const ACCESS_TESTS: Suite = { project: 'workerd', file: 'test/workerd/access.test.ts' }

const HTTP_TESTS: Suite = { project: 'workerd', file: 'test/workerd/access-http.test.ts' }

/** Who may do what, and what every answer has. */
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
        file: 'src/edge/http/access.ts',
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
        file: 'src/edge/http/access.ts',
        find: 'if (isOpen) return async',
        replace: 'if (isOpen || tokens.length === 0) return async',
      },
    ],
    suite: ACCESS_TESTS,
  },
  {
    name: 'bare-answers-of-hono',
    mistake: 'what is no JSON of its own leaves without the headers that every answer has',
    edits: [{ file: 'src/edge/http/router.ts', find: 'withHeaders(told) :', replace: 'told :' }],
    suite: HTTP_TESTS,
  },
  {
    name: 'bare-answers-to-errors',
    mistake: 'what a handler threw is answered without the headers that every answer has',
    edits: [
      {
        file: 'src/edge/http/on-error.ts',
        find: 'withHeaders(problemResponse(URL.canParse(c.req.url) ? problemOf(error) : NO_HOST))',
        replace: 'problemResponse(URL.canParse(c.req.url) ? problemOf(error) : NO_HOST)',
      },
    ],
    suite: HTTP_TESTS,
  },
  {
    name: 'head-of-nothing',
    mistake: 'HEAD is refused where GET is answered',
    edits: [
      {
        file: 'src/edge/http/router.ts',
        find: `method === 'HEAD' ? 'GET' : method`,
        replace: 'method',
      },
    ],
    suite: { ...HTTP_TESTS, titles: 'HEAD' },
  },
]
