/** What is wrong with one item of a request. `path` names the field, empty for the item itself. */
export type ItemError = { readonly index: number; readonly path: string; readonly message: string }

/** Why a request is not answered as asked. Each arm is mapped to HTTP in edge/http/problem-response.ts, and only there. */
export type Problem =
  | { readonly kind: 'malformed_json'; readonly detail: string }
  | { readonly kind: 'unsupported_media_type'; readonly detail: string }
  | { readonly kind: 'body_too_large'; readonly detail: string }
  | { readonly kind: 'too_many_items'; readonly detail: string }
  /** Every bad item is named; nothing of the request was applied. [I2] */
  | { readonly kind: 'invalid_increments'; readonly errors: readonly ItemError[] }
  /** Bad query, path or header. */
  | { readonly kind: 'invalid_parameter'; readonly detail: string; readonly parameter: string }
  /** Some items were not counted, or may not have been: the request's items by index. */
  | {
      readonly kind: 'not_all_counted'
      readonly refused: readonly number[]
      readonly unknown: readonly number[]
      readonly isWhole: boolean
      readonly detail: string
    }
  /** The one name of the request came before with other content; nothing of it was counted. */
  | { readonly kind: 'id_conflict' }
  | { readonly kind: 'unavailable'; readonly detail: string }
  | { readonly kind: 'closed_to_all'; readonly detail: string }
  /** No token, or one that is not known. */
  | { readonly kind: 'unauthenticated'; readonly hasToken: boolean }
  /** The token is known, and may not do this; nothing was done. `errors` names the items that it may not. [S2] */
  | { readonly kind: 'forbidden'; readonly detail: string; readonly errors?: readonly ItemError[] }
  | { readonly kind: 'too_many_requests' }
  | { readonly kind: 'not_configured'; readonly detail: string }
  | { readonly kind: 'not_found'; readonly detail: string }
  | { readonly kind: 'method_not_allowed'; readonly detail: string; readonly allow: string }
  | { readonly kind: 'internal' }
