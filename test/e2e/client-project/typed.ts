import type { SumdialBinding } from 'sumdial/binding'
import {
  type Counter,
  createClient,
  type GiveUpReason,
  type Increment,
  type PrefixCounter,
  SumdialError,
} from 'sumdial/client'

const given: [Increment[], GiveUpReason][] = []
const sumdial = createClient({
  url: 'https://sumdial.test',
  token: 'sd_',
  onGiveUp: (increments, reason) => given.push([increments, reason]),
})

export async function everything(): Promise<bigint> {
  sumdial.increment('site/a')
  sumdial.increment('site/a', 3, { at: new Date(), id: 'order 7' })
  await sumdial.flush()
  const one: Counter = await sumdial.read('site/a', { from: new Date(0), bucket: 'day', tz: 'Europe/Berlin' })
  const many: Counter[] = await sumdial.read(['site/a', 'site/b'])
  let sum = one.total.sum + (many[0]?.total.sum ?? 0n)
  const site: PrefixCounter = await sumdial.readPrefix('site/', { bucket: 'day' })
  sum += site.total.sum
  for await (const item of sumdial.listAll({ prefix: 'site/', depth: 1 })) sum += item.sum
  const hour: 'open' | 'closing' | 'final' = (await sumdial.hour('2026-11-21T20Z')).state
  if (hour === 'final') await sumdial.close({ deadlineMs: 1_000 })
  return sum
}

export async function overBinding(binding: SumdialBinding): Promise<bigint> {
  const sums = await binding.readPrefix({ prefix: 'site/', bucket: 'day' })
  return sums.ok ? sums.answer.total.sum : 0n
}

export function statusOf(error: unknown): number | undefined {
  return error instanceof SumdialError ? error.status : undefined
}

// @ts-expect-error a key is a text
sumdial.increment(7)
// @ts-expect-error such a bucket is none
void sumdial.read('site/a', { bucket: 'year' })
