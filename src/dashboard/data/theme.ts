import { useEffect, useState } from 'preact/hooks'

/** The system's theme, `light` or `dark`. Canvases are drawn again when it changes. */
export function useTheme(): 'light' | 'dark' {
  const [isDark, setIsDark] = useState(() => matchMedia('(prefers-color-scheme: dark)').matches)
  useEffect(() => {
    const query = matchMedia('(prefers-color-scheme: dark)')
    const onChange = () => setIsDark(query.matches)
    query.addEventListener('change', onChange)
    return () => query.removeEventListener('change', onChange)
  }, [])
  return isDark ? 'dark' : 'light'
}
