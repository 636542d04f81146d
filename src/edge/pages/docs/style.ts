/** The style of pages that are there to be read: the reader's own fonts and colours, in light and dark. */
export const STYLE = `
:root { color-scheme: light dark; --line: light-dark(#d8d8d2, #3a3a36); --soft: light-dark(#f4f4ef, #23231f) }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem 1rem 4rem }
section { overflow-x: auto }
h1 small { font-size: 0.5em; font-weight: normal }
h2 { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: 1rem }
nav li { margin: 0.2rem 0 }
code, pre { font-family: ui-monospace, monospace; font-size: 0.9em }
pre { background: var(--soft); padding: 0.8rem; overflow-x: auto; border-radius: 4px }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: 0.4rem 0.8rem 0.4rem 0; border-bottom: 1px solid var(--line) }
td:first-child { white-space: nowrap }
dt { margin-top: 0.8rem }
dd { margin-left: 1.5rem }
`

/** The policy of a page with this style and nothing from elsewhere. */
export const STYLED = {
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
}
