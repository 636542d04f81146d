import type { LogLine } from '../../src/log.ts'

/**
 * A log of workerd's less the Worker's lines of these messages.
 *
 * @param isDue which of them, by their text as it is printed; all, unless told.
 */
export function withoutLines(
  log: string,
  messages: readonly LogLine['message'][],
  isDue: (line: string) => boolean = () => true,
): string {
  const lines = new RegExp(`^\\{\\n {2}message: '(?:${messages.join('|')})',\\n[^}]*\\}\\n`, 'gm')
  return log.replaceAll(lines, (line) => (isDue(line) ? '' : line))
}
