import { createClient } from 'sumdial/client'

type Env = { readonly SUMDIAL: Fetcher }

export default {
  async fetch(_request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
    const sumdial = createClient({
      url: 'https://sumdial',
      fetch: (url, init) => env.SUMDIAL.fetch(url, init),
    })
    sumdial.increment('site/a')
    ctx.waitUntil(sumdial.close())
    return new Response('counted')
  },
}
