import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')

export type SourceFile = {
  /** From the project's root, with `/`. */
  readonly path: string
  readonly text: string
  readonly lines: number
}

/** An import, or an export of what another module has. */
export type Import = {
  /** A path from the project's root, or the name of a package. */
  readonly to: string
  readonly isRelative: boolean
  readonly isType: boolean
  /** Whether it is loaded when it is needed: `import('...')`. */
  readonly isLazy: boolean
}

/** The files of a folder that match, in the order of their paths. Generated files are not among them. */
export function sourceFiles(pattern: string): SourceFile[] {
  return globSync(pattern, { cwd: ROOT })
    .toSorted()
    .map((path) => {
      const text = readFileSync(join(ROOT, path), 'utf8')
      return { path: path.replaceAll('\\', '/'), text, lines: text.split('\n').length - 1 }
    })
}

const IMPORT =
  /^(?:import|export)(?<type> type)?\b[^'";]*?from '(?<from>[^']+)'|^import '(?<bare>[^']+)'|\bimport\('(?<dynamic>[^']+)'\)/gm

export function importsOf({ path, text }: SourceFile): Import[] {
  return Array.from(text.matchAll(IMPORT), ({ groups = {} }) => {
    const to = groups['from'] ?? groups['bare'] ?? groups['dynamic'] ?? ''
    const isRelative = to.startsWith('.')
    const isType = groups['type'] !== undefined
    const isLazy = groups['dynamic'] !== undefined
    return { to: isRelative ? join(path, '..', to).replaceAll('\\', '/') : to, isRelative, isType, isLazy }
  })
}

/** Comments, one after another on lines of their own as one; and texts in quotes. */
const SAID =
  /(?<block>\/\*[\s\S]*?\*\/)|(?<lines>(?:^[ \t]*\/\/[^\n]*\n)+|\/\/[^\n]*)|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/gm

export type Said = { readonly isComment: boolean; readonly text: string }

/** The comments and the quoted texts of a file, each without its marks and on one line. */
export function saidIn({ text }: SourceFile): Said[] {
  return Array.from(text.matchAll(SAID), ({ 0: all, groups = {} }) => {
    if (groups['block'] === undefined && groups['lines'] === undefined)
      return { isComment: false, text: all.slice(1, -1) }
    const bare = all.replace(/^\s*(\/\*+|\*\/|\*|\/\/)/gm, ' ').replace(/\*\/\s*$/, '')
    return { isComment: true, text: bare.replace(/\s+/g, ' ').trim() }
  })
}

/** The first argument of a call of `test`, `it` or `describe`, or of what their `.each(...)` or `.skipIf(...)` answers. */
const TITLE =
  /(?:\b(?:test|it|describe)(?:\.\w+)*|\))\(\s*(?:'(?<single>(?:\\.|[^'\\\n])*)'|"(?<double>(?:\\.|[^"\\\n])*)"|`(?<template>(?:\\.|[^`\\])*)`)/g

/** The titles of a file's tests and of their groups, as they are written. */
export function titlesIn({ text }: SourceFile): string[] {
  return Array.from(text.matchAll(TITLE), ({ groups = {} }) =>
    String(groups['single'] ?? groups['double'] ?? groups['template']),
  )
}
