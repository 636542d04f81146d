import type { Plant, Suite } from '../plants.ts'

const CONSERVATION: Suite = { project: 'node', file: 'test/client/conservation.test.ts' }
const PAGE: Suite = { project: 'node', file: 'test/client/page.test.ts' }
const CLIENT: Suite = { project: 'node', file: 'test/client/client.test.ts' }

/** What the typed client does with answers. */
export const CLIENT_PLANTS: readonly Plant[] = [
  {
    name: 'client-renames-a-retry',
    mistake:
      'a request is sent again under another Idempotency-Key, and counts twice when only its answer was lost',
    edits: [
      {
        file: 'src/client/delivery.ts',
        find: 'this.#parts.push({ ...batch, isDoubted })',
        replace: 'this.#parts.push({ ...batch, isDoubted, name: batch.name && timing.newName() })',
      },
    ],
    suite: CONSERVATION,
  },
  {
    name: 'client-renames-a-doubted-rest',
    mistake: 'after a 422 the good items go under a new name, though an earlier try may have counted them',
    edits: [
      {
        file: 'src/client/batch.ts',
        find: 'if (batch.name === null || batch.isDoubted)',
        replace: 'if (batch.name === null)',
      },
    ],
    suite: CONSERVATION,
  },
  {
    name: 'client-mixes-hours',
    mistake: 'one request has increments of two hours, of which one closes before it is acknowledged',
    edits: [
      {
        file: 'src/client/gathering.ts',
        find: 'const HOUR_MS = 3_600_000',
        replace: 'const HOUR_MS = 360_000_000',
      },
    ],
    suite: CLIENT,
  },
  {
    name: 'client-halves-a-doubted-batch',
    mistake: 'what may have been counted under one name is sent in halves under two others',
    edits: [
      {
        file: 'src/client/batch.ts',
        find: 'if (items.length < 2 || (name !== null && batch.isDoubted))',
        replace: 'if (items.length < 2)',
      },
    ],
    suite: CONSERVATION,
  },
  {
    name: 'client-forgets-what-was-sent-beside',
    mistake: 'what a page has sent as it went is held for unsent, and given up as certainly not counted',
    edits: [
      {
        file: 'src/client/delivery.ts',
        find: '      for (const item of part.items) doubtItem(item)\n',
        replace: '',
      },
    ],
    suite: CONSERVATION,
  },
  {
    name: 'client-believes-a-proxy',
    mistake: 'a 400 in HTML, of a proxy that has passed the request on, is taken for a refusal by Sumdial',
    edits: [
      {
        file: 'src/client/judge.ts',
        find: 'return answer.isProblem ? judgeProblem(answer, size, reason, otherwise) : otherwise',
        replace: 'return judgeProblem(answer, size, reason, otherwise)',
      },
    ],
    suite: CONSERVATION,
  },
  {
    name: 'client-leaves-the-half-that-waits',
    mistake: 'of a batch that was cut in two, a page that goes sends the half under way alone',
    edits: [
      {
        file: 'src/client/delivery.ts',
        find: 'this.#parts = this.#parts.map((part) => {',
        replace:
          'this.#parts = this.#parts.map((part, i) => {\n      if (i < this.#parts.length - 1) return part',
      },
    ],
    suite: PAGE,
  },
]
