/** @throws TypeError for what is not a whole number in these bounds, with its option's name. */
export function wholeNumber(
  text: string,
  name: string,
  { least = 1, most = 1_000_000_000 }: { readonly least?: number; readonly most?: number } = {},
): number {
  const number = Number(text)
  if (/^\d+$/.test(text) && number >= least && number <= most) return number
  throw new TypeError(`--${name} must be a whole number from ${least} to ${most}`)
}
