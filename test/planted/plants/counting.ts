import type { Plant, Suite } from '../plants.ts'

const INCREMENT = 'src/edge/ingest/increment.ts'
const COALESCER = 'src/edge/coalesce/coalescer.ts'

const INCREMENT_TESTS: Suite = { project: 'node', file: 'test/edge/ingest/increment.test.ts' }
const PLAIN_BODY_TESTS: Suite = { project: 'node', file: 'test/edge/ingest/plain-body.test.ts' }
const COALESCER_TESTS: Suite = { project: 'node', file: 'test/edge/coalesce/coalescer.test.ts' }

/** What is taken in, how it is cut and carried, and what a read adds up. */
export const COUNTING: readonly Plant[] = [
  {
    name: 'decoder-that-remembers',
    mistake: 'a body that ends in the middle of a character spoils the next',
    edits: [
      {
        file: 'src/edge/ingest/body.ts',
        find: 'DECODER.decode(bytes)',
        replace: 'DECODER.decode(bytes, { stream: true })',
      },
    ],
    suite: { project: 'workerd', file: 'test/workerd/increment.test.ts', titles: 'read by itself' },
  },
  {
    name: 'good-items-of-a-bad-request',
    mistake: 'the good items of a request with a bad one are counted',
    edits: [
      {
        file: INCREMENT,
        find: 'return errors.length > 0 ? { errors } : increments',
        replace: 'return increments.length > 0 ? increments : { errors }',
      },
    ],
    suite: INCREMENT_TESTS,
  },
  {
    name: 'closed-hour-accepted-at-the-edge',
    mistake: 'an increment of a closed hour is taken',
    edits: [
      {
        file: INCREMENT,
        find: 'if (nowMs < edgeClosesMs(hour, lateHours)) return undefined',
        replace: 'if (nowMs < Number.POSITIVE_INFINITY) return undefined',
      },
    ],
    suite: INCREMENT_TESTS,
  },
  {
    name: 'fraction-rounded',
    mistake: 'a fraction too small for a double is lost without a word',
    edits: [
      {
        file: 'src/edge/ingest/exact-numbers.ts',
        find: 'MAY_HAVE_FRACTION.test(text) ? JSON.parse(text, keepFraction) : JSON.parse(text)',
        replace: 'JSON.parse(text)',
      },
    ],
    suite: INCREMENT_TESTS,
  },
  {
    name: 'hour-of-arrival',
    mistake: 'an increment counts in the hour of its arrival, whatever its at says',
    edits: [
      {
        file: INCREMENT,
        find: 'const hour = hourOf(atMs)\n  return id',
        replace: 'const hour = hourOf(nowMs)\n  return id',
      },
    ],
    suite: INCREMENT_TESTS,
  },
  {
    name: 'unsorted-keys',
    mistake: "a batch's keys stand in the order of their arrival",
    edits: [{ file: 'src/model/cut.ts', find: 'of placesByKey(keys)', replace: 'of keys.keys()' }],
    suite: { project: 'node', file: 'test/model/cut.test.ts' },
  },
  {
    name: 'slot-without-the-hour',
    mistake: "a key's slot comes from the newest shard count, not from that of its hour",
    edits: [
      {
        file: 'src/model/shard-name.ts',
        find: 'const count = valueAt(shards, hour)',
        replace: 'const count = shards.at(-1)?.value ?? hour',
      },
    ],
    suite: { project: 'node', file: 'test/model/routing.test.ts' },
  },
  {
    name: 'value-checked-by-the-schema-alone',
    mistake: 'the check by hand lets a value pass that the schema refuses',
    edits: [
      {
        file: 'src/edge/ingest/item.ts',
        find: `typeof value !== 'number' || !isValue(value)`,
        replace: `typeof value !== 'number'`,
      },
    ],
    suite: { project: 'node', file: 'test/edge/ingest/increment.test.ts' },
  },
  {
    name: 'plain-value-past-doubles',
    mistake: 'a body that is read byte by byte may have values past 2^53, which are rounded',
    edits: [
      {
        file: 'src/edge/ingest/fast-path/plain-body.ts',
        find: 'at > digits + DIGITS_MAX',
        replace: 'at > digits + 2 * DIGITS_MAX',
      },
    ],
    suite: PLAIN_BODY_TESTS,
  },
  {
    name: 'known-key-by-its-hash-alone',
    mistake: 'a key whose hash is that of another is counted under the other',
    edits: [
      {
        file: 'src/edge/ingest/fast-path/known-keys.ts',
        find: 'if (this.#is(key, body, from, to)) return key',
        replace: 'if (key >= 0) return key',
      },
    ],
    suite: PLAIN_BODY_TESTS,
  },
  {
    name: 'plain-keys-outside-the-prefix',
    mistake: 'a body that is read byte by byte is not held to the prefix of its token',
    edits: [
      {
        file: 'src/edge/ingest/ingest.ts',
        find: 'const outside = refuseOutside(grant, keys)',
        replace: 'const outside = refuseOutside(grant, keys.slice(0, 0))',
      },
    ],
    suite: { project: 'node', file: 'test/edge/ingest/ingest.test.ts' },
  },
  {
    name: 'columns-unchecked',
    mistake: 'a flight whose counts are no numbers is added up',
    edits: [{ file: 'src/model/flight.ts', find: '!isAll(counts, isSafe) || ', replace: '' }],
    suite: { project: 'node', file: 'test/model/flight.test.ts' },
  },
  {
    name: 'lone-arrays-linger',
    mistake: 'a lone client that sends arrays waits for others each time',
    edits: [
      {
        file: 'src/model/linger.ts',
        find: 'if (lastAboard < 2) return ALONE',
        replace: 'if (lastAboard < 1) return ALONE',
      },
    ],
    suite: COALESCER_TESTS,
  },
  {
    name: 'sum-left-to-doubles',
    mistake: 'sums past 2^53 are added up as doubles',
    edits: [
      {
        file: 'src/model/accumulator.ts',
        find: 'if (Number.isSafeInteger(sum)) return sum',
        replace: 'return sum',
      },
    ],
    suite: { project: 'node', file: 'test/model/accumulator.test.ts' },
  },
  {
    name: 'refused-though-it-may-have-counted',
    mistake: 'a refusal after an attempt without an answer is told as certain',
    edits: [
      {
        file: 'src/edge/coalesce/attempt.ts',
        find: `attempt === 1 ? 'refused' : 'unknown'`,
        replace: `attempt > 0 ? 'refused' : 'unknown'`,
      },
    ],
    suite: COALESCER_TESTS,
  },
  {
    name: 'retried-under-a-new-name',
    mistake: 'a flight that is sent again gets a new number, so that it can count twice',
    edits: [
      {
        file: COALESCER,
        find: 'await within(clock, ATTEMPT_MS_MAX, send(shard, encoded, backlog))',
        replace:
          'await within(clock, ATTEMPT_MS_MAX, send(shard, encodeFlight({ name: { sender: this.#sender, n: ++this.#n }, cells: [...cells] }), backlog))',
      },
    ],
    suite: COALESCER_TESTS,
  },
  {
    name: 'frozen-batches-below-the-ledger',
    mistake: 'a fresh read adds frozen batches that the rows hold already',
    edits: [
      { file: 'src/model/read.ts', find: 'frozen.filter((batch) => batch.seq > seq)', replace: 'frozen' },
    ],
    suite: { project: 'node', file: 'test/model/read.test.ts' },
  },
  {
    name: 'snapshot-that-does-not-fit',
    mistake: "a fresh read adds a shard's answer to rows that were read after its next flush",
    edits: [
      {
        file: 'src/model/read.ts',
        find: `seq < settledSeq || seq >= nextSeq) return`,
        replace: `seq < settledSeq || seq > nextSeq + 9) return`,
      },
    ],
    suite: { project: 'node', file: 'test/model/read.test.ts' },
  },
  {
    name: 'every-new-key-learned',
    mistake: 'of a body all keys are learned, which takes ten times as long as to parse it',
    edits: [
      {
        file: 'src/edge/ingest/fast-path/plain-body.ts',
        find: 'if (key < 0 || known.learned > learnedMax) return 0',
        replace: 'if (key < 0) return 0',
      },
    ],
    suite: PLAIN_BODY_TESTS,
  },
  {
    name: 'known-key-where-nobody-looks',
    mistake: 'a key that finds no slot is put behind the last that is looked at, and learned again each time',
    edits: [
      {
        file: 'src/edge/ingest/fast-path/known-keys.ts',
        find: '      if (probe === PROBES_MAX) break\n      slot = (slot + 1) & mask\n',
        replace: '      slot = (slot + 1) & mask\n      if (probe === PROBES_MAX) break\n',
      },
    ],
    suite: PLAIN_BODY_TESTS,
  },
]
