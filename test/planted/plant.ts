/** One replacement. `find` stands in the file exactly once. */
export type Edit = { readonly file: string; readonly find: string; readonly replace: string }

/** A mistake in the protocol that somebody could make, and the tests that must notice. */
export type Plant = {
  readonly name: string
  /** How the code misbehaves once the mistake is in it. */
  readonly mistake: string
  readonly edits: readonly Edit[]
  /** The smallest part of the suite that must go red. */
  readonly suite: Suite
}

/** A test file, or those of its tests whose full titles contain a text. */
export type Suite = {
  readonly project: 'node' | 'workerd'
  readonly file: string
  readonly titles?: string
}
