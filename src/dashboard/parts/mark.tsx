/** The logo: a sundial's arc and its gnomon. */
export function Mark({ size }: { readonly size: number }) {
  return (
    <svg class="mark" width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" />
      <path d="M7 22.5A9 9 0 0 1 25 22.5M16 22.5 21.5 12" />
    </svg>
  )
}
