import type { Env } from '../../src/index.ts'
import worker, { Shard as ProductionShard } from '../../src/index.ts'

/** Timers that have neither rung nor been cleared. */
const timers = new Set<unknown>()
const { setTimeout: realSetTimeout, clearTimeout: realClearTimeout } = globalThis

Object.assign(globalThis, {
  setTimeout(callback: () => void, ms: number) {
    const timer = realSetTimeout(() => {
      timers.delete(timer)
      callback()
    }, ms)
    timers.add(timer)
    return timer
  },
  clearTimeout(timer: number) {
    timers.delete(timer)
    realClearTimeout(timer)
  },
})

/** The production Worker, whose object logs when it begins to live, and how many timers an alarm has left behind. */
export class Shard extends ProductionShard {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    console.log('a shard begins')
  }

  override async alarm(): Promise<void> {
    await super.alarm()
    // A connection that is being ended may need a moment.
    for (let i = 0; i < 20 && timers.size > 0; i++) {
      await new Promise<void>((resolve) => realSetTimeout(resolve, 50))
    }
    console.log(`timers left by an alarm: ${timers.size}`)
  }
}

export { Sumdial } from '../../src/index.ts'

export default worker
