import { type FigurePlace, figure, grouped } from '../data/numbers.ts'

/** A number that fits its place. If it is shortened, hover and screen readers give the exact one. */
export function Figure({ n, place = 'cell' }: { readonly n: bigint | number; readonly place?: FigurePlace }) {
  const [shown, exact] = [figure(n, place), grouped(n)]
  if (shown === exact) return <span class="figure">{exact}</span>
  return (
    <span class="figure" title={exact}>
      <span aria-hidden="true">{shown}</span>
      <span class="unseen">{exact}</span>
    </span>
  )
}
