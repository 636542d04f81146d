/** Rows that one statement deletes at most, and how many statements may follow each other. */
export type Steps = { readonly rows: number; readonly most: number }

/**
 * Deletes in bounded steps, each a transaction of its own, until one finds fewer rows than it may take.
 *
 * @param deleteSome deletes up to `rows` rows, and tells as drivers do how many. What it rejects with ends it; what was
 *   deleted until then stays deleted.
 * @returns how many, and whether the last step was full, so that there may be more.
 */
export async function deleteInSteps(
  { rows, most }: Steps,
  deleteSome: () => Promise<{ readonly rowCount: number | null }>,
): Promise<{ deleted: number; hasMore: boolean }> {
  let deleted = 0
  for (let step = 0; step < most; step++) {
    const rowCount = (await deleteSome()).rowCount ?? 0
    deleted += rowCount
    if (rowCount < rows) return { deleted, hasMore: false }
  }
  return { deleted, hasMore: true }
}
