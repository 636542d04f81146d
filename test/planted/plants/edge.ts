import type { Plant, Suite } from '../plant.ts'

const INCREMENT_TESTS: Suite = { project: 'node', file: 'test/edge/ingest/increment.test.ts' }
const DELIVERY_TESTS: Suite = { project: 'node', file: 'test/edge/ingest/delivery/delivery.test.ts' }

/** From a request to a flight, and the client's retries. */
export const EDGE_PLANTS: readonly Plant[] = [
  {
    name: 'open-without-tokens',
    mistake: 'a deployed Worker without tokens lets everyone in [S1]',
    edits: [
      {
        file: 'src/edge/http/admission.ts',
        find: 'if (isOpen) {',
        replace: 'if (isOpen || tokens.length === 0) {',
      },
    ],
    suite: { project: 'workerd', file: 'test/workerd/access.test.ts' },
  },
  {
    name: 'any-key-for-hits',
    mistake: 'a public token fills a shard with keys that it makes up [S3]',
    edits: [
      {
        file: 'src/edge/ingest/hits/admitted-keys.ts',
        find: 'return isAdmitted ? key : other',
        replace: 'return key',
      },
    ],
    suite: { project: 'node', file: 'test/edge/ingest/hits/admitted-keys.test.ts' },
  },
  {
    name: 'wide-token-in-an-address',
    mistake: 'a token that may do more than count is taken from an address, which is logged [S2]',
    edits: [
      {
        file: 'src/edge/http/admission.ts',
        find: 'presented.isInAddress && !',
        replace: 'presented.tokens.length > 1 && !',
      },
    ],
    suite: { project: 'workerd', file: 'test/workerd/token-places.test.ts' },
  },
  {
    name: 'expiry-looked-at-once',
    mistake: 'a signed token that was let in before it expired is let in for ever [S1]',
    edits: [
      {
        file: 'src/edge/http/authenticate.ts',
        find: 'found.expiresMs !== null && clock.now()',
        replace: 'found.expiresMs !== null && 0',
      },
    ],
    suite: { project: 'workerd', file: 'test/workerd/signed-tokens.test.ts' },
  },
  {
    name: 'good-items-of-a-bad-request',
    mistake: 'the good items of a request with a bad one are counted [I2]',
    edits: [
      {
        file: 'src/edge/ingest/checked-increments.ts',
        find: 'if (bad > 0) {',
        replace: 'if (keys.length === 0) {',
      },
    ],
    suite: INCREMENT_TESTS,
  },
  {
    name: 'hour-decided-at-arrival',
    mistake: 'an increment counts in the hour of its arrival, whatever its at says [K1]',
    edits: [
      {
        file: 'src/edge/ingest/check.ts',
        find: 'hour: hourOf(atMs), id: id ===',
        replace: 'hour: hourOf(nowMs), id: id ===',
      },
    ],
    suite: INCREMENT_TESTS,
  },
  {
    name: 'request-name-on-its-first-shard',
    mistake: 'an Idempotency-Key names only what goes to the first shard; the rest has no name [I3]',
    edits: [
      {
        file: 'src/edge/ingest/partition.ts',
        find: 'parts.map((each) => nameWhole(each, request))',
        replace: 'parts.map((each, i) => (i === 0 ? nameWhole(each, request) : each))',
      },
    ],
    suite: { project: 'workerd', file: 'test/workerd/increment.test.ts', titles: 'Idempotency-Key' },
  },
  {
    name: 'largest-value-in-one-direction',
    mistake: 'a token with a largest value takes any value off [S2]',
    edits: [
      {
        file: 'src/edge/ingest/allowance.ts',
        find: 'Math.abs(value) > valueMax',
        replace: 'value > valueMax',
      },
    ],
    suite: { project: 'node', file: 'test/edge/ingest/allowance.test.ts' },
  },
  {
    name: 'idempotency-key-of-all-tokens',
    mistake: 'two tokens that choose the same Idempotency-Key count once [I3]',
    edits: [
      {
        file: 'src/model/entry.ts',
        find: `\`r\\n\${token}\\n\${idempotencyKey}\``,
        replace: `\`r\\n\${token.slice(0, 0)}\\n\${idempotencyKey}\``,
      },
    ],
    suite: { project: 'node', file: 'test/model/access/binding-grant.test.ts' },
  },
  {
    name: 'retried-under-a-new-name',
    mistake: 'a flight that is sent again gets a new number, so it can count twice [I4]',
    edits: [
      {
        file: 'src/edge/coalesce/coalescer.ts',
        find: 'send(shard, encoded, ',
        replace: 'send(shard, encodeFlight({ sender: this.#sender, n: ++this.#n }, unnamed.cells, named), ',
      },
    ],
    suite: { project: 'node', file: 'test/edge/coalesce/coalescer.test.ts' },
  },
  {
    name: 'content-of-all-tokens',
    mistake: 'the same bytes under another token count once [N1]',
    edits: [
      {
        file: 'src/edge/ingest/delivery/content-name.ts',
        find: 'JSON.stringify([token, route, meters])',
        replace: 'JSON.stringify([token.slice(0, 0), route, meters])',
      },
    ],
    suite: DELIVERY_TESTS,
  },
  {
    name: 'parts-by-size',
    mistake:
      'how many parts a delivery has follows from what is counted, so a record that is refused later moves others [N1]',
    edits: [
      {
        file: 'src/edge/ingest/delivery/parts.ts',
        find: 'split(ofSlot, parts, (hash) => hash % parts)',
        replace: 'split(ofSlot, parts, (hash) => hash % Math.min(parts, ofSlot.cells.length))',
      },
    ],
    suite: DELIVERY_TESTS,
  },
  {
    name: 'bad-record-drops-neighbours',
    mistake: 'a bad record takes with it what was counted before it [N2]',
    edits: [
      {
        file: 'src/edge/ingest/delivery/gathering.ts',
        find: '    this.refused += 1\n',
        replace: '    this.refused += 1\n    this.#named.clear()\n',
      },
    ],
    suite: DELIVERY_TESTS,
  },
  {
    name: 'row-of-strangers',
    mistake:
      'flights that share a row of the journal do not see the names of each other, and count both [I3]',
    edits: [
      {
        file: 'src/shard/merge.ts',
        find: "if (judgement.kind === 'new') noteNames(before, arrival, judgement.results)",
        replace: "if (judgement.kind !== 'new') noteNames(before, arrival, [])",
      },
    ],
    suite: { project: 'node', file: 'test/shard/group-commit.test.ts' },
  },
  {
    name: 'client-renames-a-retry',
    mistake:
      'the client retries under another Idempotency-Key, and counts twice when only the answer was lost [I3]',
    edits: [
      {
        file: 'src/client/delivery.ts',
        find: 'this.#parts.push({ ...batch, isDoubted })',
        replace: 'this.#parts.push({ ...batch, isDoubted, name: batch.name && timing.newName() })',
      },
    ],
    suite: { project: 'node', file: 'test/client/conservation.test.ts' },
  },
  {
    name: 'sweep-seals-the-current-writer',
    mistake: 'the sweep seals the writer that a shard still has, with those that it has left [Z1]',
    edits: [
      {
        file: 'src/edge/background/stragglers.ts',
        find: 'writers.filter((writer) => writer !== current)',
        replace: 'writers',
      },
    ],
    suite: { project: 'node', file: 'test/edge/background/stragglers.test.ts' },
  },
]
