import type { StatusAnswer } from '../../../edge/operate/status.ts'
import { knownOf } from '../../data/answers.ts'
import { grouped } from '../../data/numbers.ts'

/** The result of the audit in words. A shard without an answer, or without a ledger's row in it, does not agree. */
export function auditWords(status: StatusAnswer): string {
  const audited = knownOf(status).flatMap(({ shard, ledger }) =>
    ledger === undefined ? [] : { shard, ...ledger },
  )
  const names = new Set(audited.map(({ shard }) => shard))
  const silent = status.shards.map(({ shard }) => shard).filter((shard) => !names.has(shard))
  const wrong = audited.filter(({ agrees }) => !agrees).map(({ shard }) => shard)
  const reasons = new Set(audited.flatMap(({ detail }) => detail ?? []))
  const increments = audited.reduce((sum, own) => sum + own.increments, 0)
  const agreeing = `${grouped(increments)} increments of ${audited.length} ${audited.length === 1 ? 'shard' : 'shards'}`
  const troubles = [
    ...(wrong.length > 0 ? [`Does not agree: ${[wrong.join(', '), ...reasons].join('. ')}`] : []),
    ...(silent.length > 0 ? [`No answer from ${silent.join(', ')}`] : []),
  ]
  if (troubles.length === 0) return `Agrees: ${agreeing}`
  const others = wrong.length === 0 && audited.length > 0 ? [`the others agree on ${agreeing}`] : []
  return [...troubles, ...others].join('; ')
}

/** How far days are made from hours, in a sentence; none from a Worker that does not say. */
export function daysWords({ days }: Pick<StatusAnswer, 'days'>): string[] {
  if (days === undefined) return []
  const { through, stale, begins } = days
  if (begins !== null) return [`Days are made from ${begins.slice(0, 16)}Z on`]
  const made = through === null ? 'No day is made yet' : `Days are made through ${through}`
  return [
    stale === 0
      ? made
      : `${made}, and ${grouped(stale)} that late increments have changed ${stale === 1 ? 'is' : 'are'} to be made`,
  ]
}
