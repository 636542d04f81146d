import type { ApplyOutcome, Sink } from '../../model/flush/batch.ts'
import type { SchemaKeeper } from './keeper.ts'

type Refused = Extract<ApplyOutcome, { kind: 'refused' }>

/**
 * A sink that brings the schema up when a table or column is missing or may not be used, and then sends the same again at once. So the first flush
 * of a new Worker makes its tables. Only a shard's alarm uses a sink, and no request waits for it.
 */
export function migratingSink(sink: Sink, keeper: SchemaKeeper): Sink {
  async function withSchema<Outcome extends { readonly kind: string }>(
    send: () => Promise<Outcome | Refused>,
  ): Promise<Outcome | Refused> {
    const outcome = await send()
    if (!isOfSchema(outcome)) return outcome
    const state = await keeper.bringUp()
    if (state.kind === 'not_yet') return { ...outcome, reason: `${outcome.reason}. ${state.reason}` }
    const again = await send()
    return isOfSchema(again) ? { ...again, reason: `${again.reason}. ${state.advice}` } : again
  }
  return {
    apply: (batch, withinMs) => withSchema(() => sink.apply(batch, withinMs)),
    seal: (writer, shard) => withSchema(() => sink.seal(writer, shard)),
    register: (writer, shard) => withSchema(() => sink.register(writer, shard)),
    end: () => sink.end(),
  }
}

function isOfSchema(outcome: { readonly kind: string }): outcome is Refused {
  return outcome.kind === 'refused' && 'isOfSchema' in outcome && outcome.isOfSchema === true
}
