import type { Plant, Suite } from '../plants.ts'

const MODEL: Suite = { project: 'node', file: 'test/model/binding.test.ts' }

const CALLS: Suite = { project: 'workerd', file: 'test/workerd/binding.test.ts' }

/** What another Worker may do through a service binding. */
export const BINDING: readonly Plant[] = [
  {
    name: 'binding-named-as-a-token',
    mistake: 'a binding and a token of one name share their Idempotency-Keys',
    edits: [{ file: 'src/model/token.ts', find: `name: \`binding\\n\${name}\``, replace: 'name' }],
    suite: MODEL,
  },
  {
    name: 'binding-that-may-adjust',
    mistake: 'a binding without props may take back what was counted',
    edits: [
      {
        file: 'src/model/token.ts',
        find: "default(['write', 'read'])",
        replace: "default(['write', 'read', 'adjust'])",
      },
    ],
    suite: CALLS,
  },
  {
    name: 'binding-without-its-scopes',
    mistake: 'a binding may do everything, whatever its props say',
    edits: [
      {
        file: 'src/edge/binding/entrypoint.ts',
        find: 'if (refused !== undefined) return failure(refused)',
        replace: 'if (refused === null) return failure(refused)',
      },
    ],
    suite: CALLS,
  },
  {
    name: 'binding-without-its-prefix',
    mistake: 'the prefix of a binding is not held',
    edits: [
      {
        file: 'src/edge/binding/entrypoint.ts',
        find: 'await answer(operations(), { grant, nowMs',
        replace: 'await answer(operations(), { grant: { ...grant, prefix: null }, nowMs',
      },
    ],
    suite: CALLS,
  },
  {
    name: 'faulty-props-are-none',
    mistake: 'props with a fault in them are passed over, and the binding may do more than they meant',
    edits: [
      {
        file: 'src/edge/binding/grant.ts',
        find: 'bindingSchema.safeParse(props ?? {})',
        replace: 'bindingSchema.catch(bindingSchema.parse({})).safeParse(props ?? {})',
      },
    ],
    suite: CALLS,
  },
]
