import { BAD_ITEMS_TOLD_MAX } from '../../limits.ts'
import type { ItemError, Limit } from './problem.ts'

type Errors = { readonly errors: readonly ItemError[]; readonly more?: number }

type LimitWords = { readonly detail: string; readonly more?: Errors }

/** @param more items that are bad too, and have no error of their own. */
export function errorsAndMore(errors: readonly ItemError[], more: number): Errors {
  return more === 0 ? { errors } : { errors, more }
}

/** An error for each of the first of these items, and how many there are beyond. */
function errorsAt(indexes: readonly number[], path: string, message: string) {
  const told = indexes.slice(0, BAD_ITEMS_TOLD_MAX)
  const errors = told.map((index): ItemError => ({ index, path, message }))
  return errorsAndMore(errors, indexes.length - told.length)
}

/** Why a token or binding may not do something, and for which items. */
export function limitWords(limit: Limit): LimitWords {
  switch (limit.kind) {
    case 'scope':
      return { detail: `Requires scope \`${limit.scope}\`.` }
    case 'all_keys':
      return {
        detail: `This endpoint covers all keys; your token is limited to \`${limit.prefix}\`. Use a token without a prefix.`,
      }
    case 'keys': {
      const { prefix, path, indexes } = limit
      return {
        detail: `Your access is limited to keys under \`${prefix}\`. Nothing was done.`,
        more: errorsAt(indexes, path, `must be ${prefix}, or begin with ${prefix}/`),
      }
    }
    case 'depth': {
      const { prefix, depth, indexes } = limit
      const below = prefix === null ? '' : ` below \`${prefix}\``
      return {
        detail: `Your access is limited to keys of at most ${depth} segments${below}. Nothing was done.`,
        more: errorsAt(indexes, 'key', `must have at most ${depth} segments${below}`),
      }
    }
    case 'listed_keys':
      return {
        detail: 'Your access is limited to certain keys. Nothing was done.',
        more: errorsAt(limit.indexes, 'key', 'must be one of the keys that your token or binding lists'),
      }
    case 'token_in_address':
      return {
        detail:
          'A token in an address may have the scope `write` or `hit` alone, because addresses are logged. Send this one as ' +
          '`Authorization: Bearer <token>`, and make a new one, because this one may be in a log now.',
      }
    case 'other_name':
      return {
        detail:
          'Without tokens this Worker answers only to `localhost` and `127.0.0.1`. Ask it by one of those, or give ' +
          '`npm run dev` API_TOKENS.',
      }
    case 'other_site':
      return {
        detail:
          'A page of another site asked this Worker, which is open to your own machine. If you know the page, put its ' +
          'origin into ALLOWED_ORIGINS.',
      }
    case 'no_key_under':
      return {
        detail: `Your access is limited to keys under \`${limit.prefix}\`. Ask for a prefix within it.`,
      }
  }
}
