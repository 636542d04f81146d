/** A file of drizzle-kit's. */
export type Migration = {
  /** As drizzle-kit named it: `0000_init`. */
  readonly name: string
  readonly statements: readonly string[]
  /** SHA-256 of the file. */
  readonly hash: string
  /** When it was written, in epoch ms. */
  readonly createdAt: number
  /** Whether it takes no time however large the database is, so that a Worker may apply it on its own. */
  readonly isQuick: boolean
}

/** The first line of a file that only adds tables, columns or views. */
export const QUICK = '-- quick'

/** Who migrates: a person with `npm run migrate`, who waits and applies everything; or the Worker itself. */
export type Migrator = 'person' | 'worker'

/** The next step with a database. */
export type SchemaPlan =
  | { readonly kind: 'newest' }
  | { readonly kind: 'apply'; readonly missing: readonly Migration[] }
  /** The rest may take long on a large database, so that only a person applies it. Code runs without it. */
  | { readonly kind: 'by_hand'; readonly names: readonly string[] }
  /** The migrations are not a continuation of those that the database has applied. */
  | {
      readonly kind: 'different'
      readonly name: string
      readonly fault: 'edited' | 'misdated'
    }

/**
 * Decides what is to be applied.
 *
 * Migrations are append-only, and what a database has applied must be the beginning of them. A database may be further: an older
 * version runs on a newer schema.
 *
 * @param applied hashes of those that the database has applied, oldest first.
 */
export function planSchema(
  migrations: readonly Migration[],
  applied: readonly string[],
  by: Migrator,
): SchemaPlan {
  const edited = migrations.find(({ hash }, i) => i < applied.length && applied[i] !== hash)
  if (edited !== undefined) return { kind: 'different', name: edited.name, fault: 'edited' }
  // The database's order is that of the dates.
  const misdated = migrations.find(({ createdAt }, i) => createdAt <= (migrations[i - 1]?.createdAt ?? 0))
  if (misdated !== undefined) return { kind: 'different', name: misdated.name, fault: 'misdated' }
  const missing = migrations.slice(applied.length)
  if (missing.length === 0) return { kind: 'newest' }
  // An empty database has no rows, so that everything is quick there.
  if (by === 'person' || applied.length === 0) return { kind: 'apply', missing }
  const slow = missing.findIndex(({ isQuick }) => !isQuick)
  const quick = slow < 0 ? missing : missing.slice(0, slow)
  if (quick.length > 0) return { kind: 'apply', missing: quick }
  return { kind: 'by_hand', names: missing.map(({ name }) => name) }
}
