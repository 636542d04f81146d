import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { unstable_readConfig } from 'wrangler'
import { VARIABLES } from '../src/config.ts'
import { openApiDocument } from '../src/edge/routes.ts'
import { dialectIn } from './support/plain-english.ts'

const ROOT = join(import.meta.dirname, '..')

const PAGES = [
  'README.md',
  'SPEC.md',
  ...readdirSync(join(ROOT, 'docs')).flatMap((name) => (name.endsWith('.md') ? [`docs/${name}`] : [])),
]

/** A page as readers see it: what is in code is no link and no heading. */
function textOf(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8').replace(/^ *```[\s\S]*?^ *```$/gm, '')
}

/** The anchors that GitHub makes of a page's headings. Source: github.com/Flet/github-slugger, index.js. */
function anchorsOf(page: string): Set<string> {
  const headings = Array.from(textOf(page).matchAll(/^#+ (.*)$/gm), ([, title = '']) => title)
  return new Set(
    headings.map((title) =>
      title
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
        .replaceAll(' ', '-'),
    ),
  )
}

/** The targets of a page's links and pictures that lead to this repository. */
function linksOf(page: string): string[] {
  const targets = Array.from(
    textOf(page)
      .replaceAll(/`[^`\n]*`/g, '`')
      .matchAll(/\]\(([^)\s]+)\)/g),
    ([, target = '']) => target,
  )
  return targets.filter((target) => !/^[a-z]+:/.test(target))
}

/** Why a link leads nowhere; undefined for a good one. */
function linkFault(page: string, link: string): string | undefined {
  const [path = '', anchor] = link.split('#')
  const target = path === '' ? page : join(dirname(page), path)
  if (!existsSync(join(ROOT, target))) return `${page}: there is no ${target}`
  if (anchor === undefined || anchorsOf(target).has(anchor)) return undefined
  return `${page}: ${target} has no heading #${anchor}`
}

describe('the docs', () => {
  test('have links, so that the tests below test something', () => {
    expect(linksOf('README.md').length).toBeGreaterThan(10)
    expect(linkFault('README.md', 'docs/api.md#no-such-heading')).toMatch(/no heading/)
    expect(linkFault('README.md', 'docs/no-such-page.md')).toMatch(/there is no/)
  })

  test.each(PAGES)('%s has no link that leads nowhere', (page) => {
    expect(linksOf(page).flatMap((link) => linkFault(page, link) ?? [])).toEqual([])
  })

  test.each(PAGES)('%s names no file of the code that is not there', (page) => {
    const named = textOf(page).matchAll(/(?<![\w/])(?:src|test|migrations)\/[\w./-]*\w/g)
    const missing = Array.from(named, ([path]) => path).filter((path) => !existsSync(join(ROOT, path)))
    // A log is made by a run, and NAME is the reader's to choose.
    expect(missing.filter((path) => !/\.log$|\/NAME\.sql$/.test(path))).toEqual([])
  })

  test.each(PAGES)('%s names no npm script that is not there', (page) => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
    const named = readFileSync(join(ROOT, page), 'utf8').matchAll(/npm run (?:-s |--silent )?([a-z][\w:-]*)/g)
    expect(Array.from(named, ([, name = '']) => name).filter((name) => !(name in scripts))).toEqual([])
  })

  test.each(PAGES)('%s is written in plain English', (page) => {
    const lines = textOf(page).split('\n')
    expect(lines.flatMap((line) => dialectIn(line).map((better) => `${better}: ${line}`))).toEqual([])
  })

  test('docs/api.md has every call of the OpenAPI document', () => {
    const api = readFileSync(join(ROOT, 'docs/api.md'), 'utf8')
    const paths = Object.keys(openApiDocument('https://your.worker').paths ?? {})
    expect(paths.length).toBeGreaterThan(5)
    expect(paths.filter((path) => !api.includes(path))).toEqual([])
  })

  test('docs/settings.md and README have every var of wrangler.toml, with its default', () => {
    const { vars } = unstable_readConfig({ config: join(ROOT, 'wrangler.toml') }, { hideWarnings: true })
    for (const page of ['docs/settings.md', 'README.md']) {
      const rows = readFileSync(join(ROOT, page), 'utf8').matchAll(/^\| `([A-Z_]+)` \| (\w+) \| /gm)
      const defaults = Object.fromEntries(
        Array.from(rows, ([, name = '', value = '']) => [name, /^\d+$/.test(value) ? value : '']),
      )
      expect(defaults, page).toEqual(vars)
    }
    const settings = readFileSync(join(ROOT, 'docs/settings.md'), 'utf8')
    const own = VARIABLES.filter((name) => !['NEON_FETCH_ENDPOINT', 'DEV_ACCESS'].includes(name))
    expect(own.filter((name) => !settings.includes(`\`${name}\``))).toEqual([])
  })

  test('docs/runbook.md has every message that is logged', () => {
    const runbook = readFileSync(join(ROOT, 'docs/runbook.md'), 'utf8')
    const log = readFileSync(join(ROOT, 'src/log.ts'), 'utf8')
    const messages = Array.from(log.matchAll(/readonly message:([^\n]*)/g), ([, types = '']) =>
      Array.from(types.matchAll(/'([^']+)'/g), ([, message = '']) => message),
    ).flat()
    expect(messages.length).toBeGreaterThan(15)
    expect(messages.filter((message) => !runbook.includes(`\`${message}\``))).toEqual([])
  })

  test('README is short enough to be read', () => {
    expect(readFileSync(join(ROOT, 'README.md'), 'utf8').split(/\s+/).length).toBeLessThan(1_400)
  })

  test('every page is linked from README, directly or by one page between', () => {
    const linked = (page: string) =>
      linksOf(page).map((link) => join(dirname(page), link.split('#')[0] ?? ''))
    const reached = new Set(linked('README.md'))
    for (const page of [...reached].filter((path) => path.endsWith('.md'))) {
      for (const each of linked(page)) reached.add(each)
    }
    expect(PAGES.filter((page) => page !== 'README.md' && !reached.has(page))).toEqual([])
  })
})
