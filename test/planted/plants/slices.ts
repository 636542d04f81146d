import type { Plant, Suite } from '../plant.ts'

const SLICE = 'src/model/slices/slice.ts'
const APPLY = 'src/postgres/apply.ts'

const inModel = (file: string): Suite => ({ project: 'node', file: `test/model/slices/${file}.test.ts` })
const IN_SINK: Suite = { project: 'node', file: 'test/postgres/sink.test.ts', titles: 'applying slices' }
const IN_GROUPS: Suite = { project: 'node', file: 'test/postgres/groups.test.ts' }
const IN_MERGE: Suite = { project: 'node', file: 'test/shard/merge.test.ts', titles: 'label sets' }
const IN_PARTITION: Suite = { project: 'node', file: 'test/edge/ingest/partition.test.ts' }

/** Labels, slices, and the sums of keys that are made from them. */
export const SLICES_PLANTS: readonly Plant[] = [
  {
    name: 'label-split-at-its-last-sign',
    mistake: 'name=value is read ambiguously: the value a=b becomes part of the name [L1]',
    edits: [{ file: SLICE, find: "label.indexOf('=')", replace: "label.lastIndexOf('=')" }],
    suite: inModel('slice'),
  },
  {
    name: 'labels-in-the-order-sent',
    mistake: 'equal labels in another order are another slice',
    edits: [{ file: SLICE, find: 'Object.keys(labels).sort()', replace: 'Object.keys(labels)' }],
    suite: inModel('slice'),
  },
  {
    name: 'slices-known-by-labels-alone',
    mistake:
      'a point counts under the key whose labels were met first, because slices are known by labels alone [L1]',
    edits: [
      {
        file: 'src/edge/ingest/formats/otlp/known-slices.ts',
        find: 'this.#slices.get(key)?.get(labels)',
        replace: '[...this.#slices.values()].find((own) => own.has(labels))?.get(labels)',
      },
    ],
    suite: { project: 'node', file: 'test/edge/ingest/formats/otlp/known-slices.test.ts' },
  },
  {
    name: 'overflow-decided-at-the-replay',
    mistake:
      'the journal keeps the slices as they were sent, so a replay finds other slices than memory has [L2]',
    edits: [
      {
        file: 'src/shard/arrival.ts',
        find: '  return { ...arrival, ...encoded(arrival.name, all, rowBytes) }\n}\n\nfunction encoded',
        replace:
          '  return { ...arrival, ...encoded(arrival.name, all, rowBytes), texts: arrival.texts }\n}\n\nfunction encoded',
      },
    ],
    suite: IN_MERGE,
  },
  {
    name: 'overflow-lost',
    mistake: 'what has one label set too many counts as if it had no labels, and nobody learns of it [L2]',
    edits: [
      { file: 'src/model/slices/label-sets.ts', find: '? key + OVERFLOW : slice', replace: '? key : slice' },
    ],
    suite: inModel('label-sets'),
  },
  {
    name: 'id-named-by-slice',
    mistake: 'an id that is sent again with other labels counts again [I3]',
    edits: [
      {
        file: 'src/edge/ingest/partition.ts',
        find: 'id: idOfIncrement(id, key), content:',
        replace: 'id: idOfIncrement(id, key + labels), content:',
      },
    ],
    suite: IN_PARTITION,
  },
  {
    name: 'slot-by-slice',
    mistake: "a slice goes to another shard than its key, so the key's bound and reads miss it [K2]",
    edits: [
      {
        file: 'src/edge/ingest/partition.ts',
        find: 'slotOfHash(hashes?.[index] ?? hashKey(key), count)',
        replace: "slotOfHash(hashes?.[index] ?? hashKey(key + (labels?.[index] ?? '')), count)",
      },
    ],
    suite: IN_PARTITION,
  },
  {
    name: 'covers-asked-of-the-slice',
    mistake: 'a token for one key does not see what carries labels of it [S2]',
    edits: [
      {
        file: 'src/shard/answers/holdings.ts',
        find: 'if (covers(prefix, keyOf(slice)))',
        replace: 'if (covers(prefix, slice))',
      },
    ],
    suite: { project: 'node', file: 'test/shard/labelled.test.ts' },
  },
  {
    name: 'total-without-slices',
    mistake: "a key's row is not raised by what carries labels [L1]",
    edits: [
      {
        file: APPLY,
        find: 'from cell where (select count(*) from sliced) >= 0',
        replace: 'from cell where (select count(*) from sliced) >= 0 and cell.labels is null',
      },
    ],
    suite: IN_SINK,
  },
  {
    name: 'total-raised-twice',
    mistake: "a key's row is raised by what carries labels once for the slice and once for the key [L1]",
    edits: [
      {
        file: APPLY,
        find: 'sum(cell.sum), sum(cell.count)::bigint',
        replace:
          'sum(cell.sum) + coalesce(sum(cell.sum) filter (where cell.labels is not null), 0), sum(cell.count)::bigint',
      },
    ],
    suite: IN_SINK,
  },
  {
    name: 'prefix-token-sees-all-slices',
    mistake: 'a token with a prefix sees the labels of keys of others that begin alike [S2]',
    edits: [
      {
        file: 'src/shard/answers/held-groups.ts',
        find: 'if (key.startsWith(prefix) && covers(grant, key))',
        replace: 'if (key.startsWith(prefix))',
      },
    ],
    suite: IN_GROUPS,
  },
  {
    name: 'remainder-counts-overflow',
    mistake: 'what overflowed is shown a second time, as if it had no such label [L1]',
    edits: [
      {
        file: 'src/postgres/groups.ts',
        find: 'for (const { cells } of groups.values()) {',
        replace:
          "for (const { cells } of [...groups].flatMap(([name, each]) => (name === '!' ? [] : [each]))) {",
      },
    ],
    suite: IN_GROUPS,
  },
]
