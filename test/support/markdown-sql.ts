/** A fenced block of SQL, and the heading that it stands under. */
export type SqlBlock = { readonly heading: string; readonly sql: string }

/** The blocks of a page in ```sql and ```psql fences, in order, those within lists too. */
export function sqlBlocks(markdown: string): SqlBlock[] {
  let heading = ''
  const parts = markdown.matchAll(/^(#+ .*)$|^ *```(?:sql|psql)\n([\s\S]*?)^ *```$/gm)
  return [...parts].flatMap(([, title, sql]) => {
    if (sql !== undefined) return [{ heading, sql: sql.trim() }]
    heading = title ?? heading
    return []
  })
}
