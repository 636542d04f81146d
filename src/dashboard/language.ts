/**
 * Makes the browser's language one that `Intl` knows. Chromium takes it from the system, and under `LANG=C.UTF-8` it is
 * `en-US@posix`, by which uPlot makes a number format while it loads: the page would stay blank.
 */
try {
  new Intl.Locale(navigator.language)
} catch {
  Object.defineProperty(navigator, 'language', { value: 'en-US', configurable: true })
}

export {}
