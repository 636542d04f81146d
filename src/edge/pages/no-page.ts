import { html } from 'hono/html'
import type { EdgeContext } from '../http/context.ts'
import { STYLE, STYLED } from './docs/style.ts'

const PAGE = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>No such page · Sumdial</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>There is no such page</h1>
<p>Nothing is at this address. <a href="/">The busiest keys</a>, or <a href="/docs">the API</a>?</p>
</main>
</body>
</html>`

/** Whether a browser shows the answer to a person. Programs do not ask for a page, and `fetch` in a page takes anything. */
export function isForPerson({ method, headers }: Request): boolean {
  return (method === 'GET' || method === 'HEAD') && /\btext\/html\b/i.test(headers.get('accept') ?? '')
}

/** Tells a person that an address is no route. It says the same to everyone, and nothing about which routes there are. */
export function noPage(c: EdgeContext): Response | Promise<Response> {
  return c.html(PAGE, 404, STYLED)
}
