/** A fenced block of SQL, and the headings that it stands under. */
export type SqlBlock = { readonly heading: string; readonly sql: string }

/** The blocks of a page in ```sql and ```psql fences, in order, from one heading on. */
export function sqlBlocks(markdown: string, fromHeading: string): SqlBlock[] {
  const [, part] = markdown.split(`\n${fromHeading}\n`)
  if (part === undefined) throw new Error(`no heading ${fromHeading}`)
  let heading = fromHeading
  return [...part.matchAll(/^(#+ .*)$|^```(?:sql|psql)\n([\s\S]*?)^```$/gm)].flatMap(([, title, sql]) => {
    if (sql !== undefined) return [{ heading, sql: sql.trim() }]
    heading = title ?? heading
    return []
  })
}
