import type { SumdialBinding } from '../../src/client/binding.ts'

/**
 * Another Worker of the account. It is a shop that counts its visits, and lets a test call whatever it likes through
 * each of its bindings.
 */
type Env = { readonly SUMDIAL: SumdialBinding } & Readonly<
  Record<string, Readonly<Record<string, (...args: unknown[]) => Promise<unknown>>>>
>

/** Values that structured clone carries and JSON cannot write. */
const ODDITIES: Readonly<Record<string, () => unknown>> = {
  $undefined: () => undefined,
  $nan: () => Number.NaN,
  $bigint: () => 5n,
  $date: () => new Date(0),
  $map: () => new Map([['key', 'odd']]),
  $function: () => () => 'odd',
  $negativeZero: () => -0,
  $surrogate: () => 'odd/\ud800',
}

export default {
  async fetch(request, env) {
    switch (new URL(request.url).pathname) {
      case '/increment':
        return count(request, env.SUMDIAL)
      case '/ask':
        return ask(await request.json(), env)
      default:
        return visit(new URL(request.url).pathname, env.SUMDIAL)
    }
  },
} satisfies ExportedHandler<Env>

async function visit(path: string, sumdial: SumdialBinding): Promise<Response> {
  const key = `shop${path}`
  const counted = await sumdial.increment({ key })
  if (!counted.ok) return Response.json(counted.problem, { status: counted.problem.status })
  const visits = await sumdial.read({ key, bucket: 'day' })
  return visits.ok
    ? new Response(`You are visitor ${visits.answer.total.sum}.`)
    : Response.json(visits.problem)
}

/** As HTTP would, for the load. */
async function count(request: Request, sumdial: SumdialBinding): Promise<Response> {
  const counted = await sumdial.increment(await request.json())
  if (counted.ok) return Response.json(counted.answer, { status: 202 })
  return Response.json(counted.problem, { status: counted.problem.status })
}

type Ask = { readonly binding: string; readonly method: string; readonly args: readonly unknown[] }

async function ask({ binding, method, args }: Ask, env: Env): Promise<Response> {
  try {
    const answered = await env[binding]?.[method]?.(...args.map(oddly))
    return new Response(answered instanceof Response ? await answered.text() : toJson(answered))
  } catch (error) {
    return Response.json({ thrown: String(error) }, { status: 500 })
  }
}

function oddly(value: unknown): unknown {
  if (typeof value === 'string') return Object.hasOwn(ODDITIES, value) ? ODDITIES[value]?.() : value
  if (Array.isArray(value)) return value.map(oddly)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, oddly(part)]))
}

function toJson(value: unknown): string {
  return JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? JSON.rawJSON(String(part)) : part))
}
