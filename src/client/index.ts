export type {
  Bucket,
  Counter,
  Hour,
  LabelList,
  List,
  ListItem,
  PrefixCounter,
  Problem,
  Range,
  Sums,
  Unit,
} from './answers.ts'
export { createClient, type Sumdial } from './client.ts'
export type { Fetch, FetchAnswer, FetchInit } from './fetch.ts'
export type { GiveUpKind, GiveUpReason } from './give-up.ts'
export type { Increment, IncrementOptions } from './increment.ts'
export type { Labels } from './labels.ts'
export type { ClientOptions, CloseOptions } from './options.ts'
export type { Instant } from './read/instant.ts'
export type { LabelsQuery, ListQuery, ReadQuery } from './read/reading.ts'
export { SumdialError } from './read/sumdial-error.ts'
