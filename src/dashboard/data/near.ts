/** Near names that are offered. */
const NEAR_MAX = 5

/** Beginnings of keys that may be like this one, the longest first: its segments but the last, then fewer, then none. */
export function beginningsOf(key: string): string[] {
  const segments = key.split('/').slice(0, -1)
  const beginnings = segments.map((_, i) => `${segments.slice(0, i + 1).join('/')}/`)
  return [...beginnings.toReversed().slice(0, 2), '']
}

/** The keys that are most like a key, the nearest first. Two letters may differ, or a third of the last segment. */
export function nearestOf(key: string, known: readonly string[]): string[] {
  const most = Math.max(2, Math.floor(key.slice(key.lastIndexOf('/') + 1).length / 3))
  return known
    .map((other) => ({ other, edits: editsBetween(key.toLowerCase(), other.toLowerCase()) }))
    .filter(({ other, edits }) => other !== key && edits <= most)
    .toSorted((a, b) => a.edits - b.edits)
    .slice(0, NEAR_MAX)
    .map(({ other }) => other)
}

/** Letters to add, to leave out or to replace, to make one text from another (Levenshtein). */
function editsBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const [above = 0, left = 0, corner = 0] = [row[j], next[j - 1], row[j - 1]]
      next.push(Math.min(above + 1, left + 1, corner + (a[i - 1] === b[j - 1] ? 0 : 1)))
    }
    row = next
  }
  return row[b.length] ?? 0
}
