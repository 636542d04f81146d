/**
 * The parts that this project's own importer builds on. They are not part of the published interface, which is index.ts
 * alone, and may change with any version.
 */
export { newBatch, type RequestBatch } from './batch.ts'
export { Delivery, type DeliveryLink } from './delivery.ts'
export type { Fetch, FetchAnswer, FetchInit } from './fetch.ts'
export type { GiveUpKind } from './give-up.ts'
export { type Outgoing, outgoing } from './increment.ts'
export { judge } from './judge.ts'
export { type Post, type PostAnswer, postTo } from './post.ts'
export { runtimeTiming, type Timing } from './timing.ts'
