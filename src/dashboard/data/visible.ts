/**
 * Blanks at an end or in a row, which a page would drop, and what cannot be seen or looks alike: other blanks, marks that
 * turn the direction of text, private and unassigned characters. The signs used for them are here too, so that no two
 * texts look the same.
 */
const UNSEEN =
  /^ +| +$| {2,}|[␣⟨⟩]|[\p{Zl}\p{Zp}\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Default_Ignorable_Code_Point}\u{2800}]|(?! )\p{Zs}/gu

/** A key with what cannot be seen made visible: `a␣␣b`, `a⟨U+202E⟩b`. Two keys that differ never look the same. */
export function visible(key: string): string {
  return key.replace(UNSEEN, (found) => (found.startsWith(' ') ? '␣'.repeat(found.length) : named(found)))
}

function named(character: string): string {
  const code = character.codePointAt(0) ?? 0
  return `⟨U+${code.toString(16).toUpperCase().padStart(4, '0')}⟩`
}
