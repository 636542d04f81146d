import { dirname } from 'node:path'
import { describe, expect, test } from 'vitest'
import { dialectIn } from './support/plain-english.ts'
import type { Said, SourceFile } from './support/source-files.ts'
import { importsOf, saidIn, sourceFiles } from './support/source-files.ts'

/** The rules of the house that a linter does not know. Cycles between files are the linter's: see biome.json. */

const LINES_MAX = 250

/** Of a folder, its subfolders apart. A folder with more is two folders. */
const FILES_MAX = 22

/** A room's name is its folder in src, or its file's name. */
type Arrows = {
  /** Rooms that it may import. */
  readonly rooms: readonly string[]
  /** Rooms of which it may import types, and no more. */
  readonly types?: readonly string[]
  /** Packages, by how their names begin. */
  readonly packages: readonly string[]
}

/** index -> edge, shard, postgres -> model -> nothing. Siblings do not import each other: index.ts hands them over. */
const ARROWS: Readonly<Record<string, Arrows>> = {
  limits: { rooms: [], packages: [] },
  address: { rooms: [], packages: [] },
  clock: { rooms: [], packages: [] },
  model: { rooms: ['limits'], packages: ['zod'] },
  log: { rooms: ['limits', 'model'], packages: [] },
  config: { rooms: ['address', 'limits', 'model'], packages: ['zod'] },
  shard: {
    rooms: ['limits', 'clock', 'log', 'model'],
    packages: ['cloudflare:workers', '@cloudflare/workers-types', 'zod'],
  },
  postgres: {
    rooms: ['address', 'limits', 'clock', 'model'],
    packages: ['drizzle-orm', '@neondatabase/', 'pg', 'zod'],
  },
  edge: {
    rooms: ['limits', 'clock', 'log', 'config', 'model'],
    types: ['client'],
    packages: ['hono', 'zod', 'pbf', 'cloudflare:workers', 'node:crypto', 'node:zlib'],
  },
  index: {
    rooms: ['address', 'limits', 'clock', 'log', 'config', 'model', 'edge', 'shard', 'postgres', 'build'],
    packages: ['cloudflare:workers'],
  },
  client: { rooms: [], packages: [] },
  dashboard: {
    rooms: ['client', 'model'],
    types: ['edge'],
    packages: ['preact', 'uplot', '@lezer/', '@prometheus-io/'],
  },
  local: {
    rooms: ['address', 'limits', 'clock', 'config', 'log', 'model', 'client', 'postgres', 'edge'],
    packages: [''],
  },
}

/** Folders that several commands share. Any other folder is for its own command alone. */
const SHARED_BY_COMMANDS = ['neon']

const BEGINNINGS = /^(The same\b|What )/

const src = sourceFiles('src/**/*.{ts,tsx}')

/** `src/edge/app.ts` is in the room edge, `src/log.ts` in the room log. */
function roomOf(path: string): string {
  const [top = '', name = ''] = path.split('/')
  return top === 'src' ? name.replace(/\.tsx?$/, '') : top
}

/** The command in whose own folder a file is. */
function commandOf(path: string): string | undefined {
  const [, command = ''] = /^src\/local\/([^/.]+)[/.]/.exec(path) ?? []
  const isCommand = src.some((file) => file.path.startsWith(`src/local/${command}/`))
  return isCommand && !SHARED_BY_COMMANDS.includes(command) ? command : undefined
}

const imports = src.flatMap((file) => importsOf(file).map((one) => ({ ...one, path: file.path })))

function isAllowed({ path, to, isRelative, isType }: (typeof imports)[number]): boolean {
  const arrows = ARROWS[roomOf(path)]
  if (arrows === undefined) return false
  if (!isRelative) return arrows.packages.some((name) => to.startsWith(name))
  const room = roomOf(to)
  if (room === roomOf(path) || arrows.rooms.includes(room)) return true
  return isType && (arrows.types ?? []).includes(room)
}

/** The files and packages that are loaded with some files, before anything runs. */
function loadedFrom(paths: readonly string[]): string[] {
  const loaded = new Set(paths)
  for (const path of loaded) {
    for (const one of imports) if (one.path === path && !one.isType && !one.isLazy) loaded.add(one.to)
  }
  return [...loaded]
}

const told = (from: typeof imports) => from.map(({ path, to }) => `${path} imports ${to}`)

describe('imports', () => {
  test('go one way, from room to room', () => {
    expect(imports.length).toBeGreaterThan(500)
    expect(told(imports.filter((each) => !isAllowed(each)))).toEqual([])
  })

  test('never lead the page to zod, which would be three times all that it loads', () => {
    const loaded = loadedFrom(['src/dashboard/main.tsx'])
    expect(loaded.length).toBeGreaterThan(50)
    expect(loaded.filter((to) => to === 'zod')).toEqual([])
  })

  test('never lead a command to wrangler, which takes seconds to load, before it is needed', () => {
    const commands = src.map(({ path }) => path).filter((path) => /^src\/local\/[^/]+$/.test(path))
    const loaded = loadedFrom(commands)
    expect(loaded.length).toBeGreaterThan(commands.length)
    expect(loaded.filter((to) => to === 'wrangler')).toEqual([])
  })

  test('never lead from one command of src/local into the folder of another', () => {
    const strays = imports.filter(({ path, to, isRelative }) => {
      const command = isRelative ? commandOf(to) : undefined
      return command !== undefined && to.startsWith(`src/local/${command}/`) && commandOf(path) !== command
    })
    expect(told(strays)).toEqual([])
  })
})

describe('a newcomer reads', () => {
  test(`files of at most ${LINES_MAX} lines`, () => {
    const long = src.filter(({ lines }) => lines > LINES_MAX)
    expect(long.map(({ path, lines }) => `${path}: ${lines} lines`)).toEqual([])
  })

  test(`folders of at most ${FILES_MAX} files`, () => {
    const wide = [...Map.groupBy(src, ({ path }) => dirname(path))].filter(
      ([, files]) => files.length > FILES_MAX,
    )
    expect(wide.map(([folder, files]) => `${folder}: ${files.length} files`)).toEqual([])
  })
})

describe('a test', () => {
  /** Rooms of src whose tests mirror them. Other folders of test/ are named for how they test. */
  const MIRRORED = ['client', 'dashboard', 'edge', 'local', 'model', 'postgres', 'shard']

  test('is in the room of what it tests', () => {
    const folders = new Set(src.map(({ path }) => dirname(path)))
    const strays = sourceFiles(`test/{${MIRRORED.join(',')}}/**/*.ts`).filter(
      ({ path }) => !folders.has(dirname(path).replace(/^test/, 'src')),
    )
    expect(strays.map(({ path }) => path)).toEqual([])
  })
})

describe('plain English', () => {
  const rooms = Map.groupBy(src, ({ path }) => roomOf(path))

  test.each([...rooms.keys()])('is what the comments and messages of %s are written in', (room) => {
    expect((rooms.get(room) ?? []).flatMap((file) => faultsOf(file))).toEqual([])
  })

  test('is what the comments of the tests are written in', () => {
    const comments = sourceFiles('test/**/*.ts').flatMap((file) =>
      faultsOf(file, ({ isComment }) => isComment),
    )
    expect(comments).toEqual([])
  })

  function faultsOf(file: SourceFile, isHeld = (_: Said) => true): string[] {
    return saidIn(file)
      .filter(isHeld)
      .flatMap(({ isComment, text }) => {
        const faults = dialectIn(text)
        if (isComment && BEGINNINGS.test(text)) faults.push('name the subject first')
        return faults.map((fault) => `${file.path}: ${fault}: ${text.slice(0, 100)}`)
      })
  }
})
