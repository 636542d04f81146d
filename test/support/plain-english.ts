/** How sentences are not written in this project, and how instead. */
const DIALECT: readonly [RegExp, string][] = [
  [/, for (it|they|there|he|nobody|no|each|then|a \w+ (is|was|has|may|would|can|takes))\b/, '"because"'],
  [/\bfor to\b/, '"because to"'],
  [/\bnone too\b|\bthat one's\b|\bof theirs\b/, 'name whose'],
  [/\bof it[.;:]/, 'name the thing'],
  [/\bstands? beside\b/, '"cannot be combined with", "is next to"'],
  [/\btells? of\b/, '"says", "covers"'],
]

/** Advice for each phrase of a text that is hard to read. */
export function dialectIn(text: string): string[] {
  return DIALECT.filter(([pattern]) => pattern.test(text)).map(([, better]) => `write ${better}`)
}
