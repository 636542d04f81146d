import { visible } from '../data/visible.ts'

type KeyNameProps = {
  /** A key, or a part of one. */
  readonly name: string
  /** Follows the name and is no part of it, such as the ellipsis of a prefix. */
  readonly end?: string
}

/** A key for people to read. Its direction of writing stays its own, and blanks that a page would drop can be seen. */
export function KeyName({ name, end = '' }: KeyNameProps) {
  return <bdi>{`${visible(name)}${end}`}</bdi>
}
