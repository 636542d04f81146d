import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import type { AtEnd } from '../support/at-end.ts'
import { listenLocally } from '../support/listen.ts'

/** The tag that docs/pages.md tells people to paste. */
const SNIPPET =
  /<script async.*<\/script>/.exec(
    readFileSync(join(import.meta.dirname, '../../docs/pages.md'), 'utf8'),
  )?.[0] ?? ''

export type Tag = {
  readonly worker: string
  readonly key: string
  readonly token: string
  /** Further attributes, such as `data-hash`. */
  readonly more?: string
}

/** The documented tag with this Worker, key and token in it. */
export function tagOf({ worker, key, token, more = '' }: Tag): string {
  return SNIPPET.replace('https://your.worker', worker)
    .replace('site/acme', key)
    .replace('sd_...', token)
    .replace('async', `async ${more}`)
}

/** Somebody's web site, which is another site than the Worker to a browser. */
export type Site = {
  readonly url: string
  /** The head of every page from now on. */
  head: string
  /** The paths that were asked for, in order. */
  readonly asked: readonly string[]
}

export async function startSite(atEnd: AtEnd): Promise<Site> {
  const asked: string[] = []
  const server = createServer(({ url = '' }, response) => {
    asked.push(url)
    response.setHeader('content-type', 'text/html; charset=utf-8')
    response.end(
      `<!doctype html><html><head><title>${url}</title>${site.head}</head><body>${url}</body></html>`,
    )
  })
  const port = await listenLocally(server)
  atEnd(() => void server.close())
  atEnd(() => server.closeAllConnections())
  const site = { url: `http://localhost:${port}`, head: '', asked }
  return site
}
