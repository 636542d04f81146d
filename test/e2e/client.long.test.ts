import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findPort } from '../../src/local/dev/port.ts'
import { makeProject, type Project, watch } from './client-project.ts'

let project: Project
beforeAll(async () => {
  project = await makeProject()
})
afterAll(() => project?.remove())

describe('the packed client, installed into another project', () => {
  test('brings nothing else with it', async () => {
    expect(await project.installed()).toEqual(['sumdial'])
  })

  test.each([
    ['Node', 'typed.ts', { module: 'nodenext', lib: ['es2022'], types: ['node'] }],
    ['Node without its types', 'typed.ts', { module: 'nodenext', lib: ['es2022'], types: [] }],
    ['a bundler', 'typed.ts', { module: 'esnext', moduleResolution: 'bundler', lib: ['es2022'], types: [] }],
    [
      'a page',
      'page.ts',
      {
        module: 'esnext',
        moduleResolution: 'bundler',
        lib: ['es2022', 'dom'],
        types: [],
        exactOptionalPropertyTypes: true,
      },
    ],
    [
      'a Worker',
      'worker.ts',
      {
        module: 'esnext',
        moduleResolution: 'bundler',
        lib: ['es2024'],
        types: ['@cloudflare/workers-types'],
        skipLibCheck: true,
      },
    ],
  ])('type-checks in %s', async (_, main, options) => {
    expect(await project.check(main, options)).toBe('')
  })

  test('type-checks under the older moduleResolution node10, by each of its names', async () => {
    const options = { module: 'commonjs', moduleResolution: 'node10', lib: ['es2022'], types: [] }
    expect(await project.check('typed.ts', options, 'oazapfts')).toBe('')
    expect(await project.check('root.ts', options, 'oazapfts')).toBe('')
  })

  test('lets a process end that has not closed it, and one that has once its deadline has passed', async () => {
    const url = `http://127.0.0.1:${await findPort(0)}`
    const [forgets, givesUp] = ['forget.js', 'give-up.js'].map(
      (main) => watch(project.start(main, url)).ended,
    )
    expect(await forgets).toEqual({ code: 0, output: 'held 1\n' })
    expect(await givesUp).toEqual({ code: 0, output: 'closed\nheld 0\n' })
  })
})
