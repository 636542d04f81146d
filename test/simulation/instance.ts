import type { DurableObjectState } from '@cloudflare/workers-types'
import type { Clock } from '../../src/clock.ts'
import type { Log } from '../../src/log.ts'
import { IsolateLoad } from '../../src/shard/isolate-load.ts'
import type { ShardServices } from '../../src/shard/shard.ts'
import { ShardObject } from '../../src/shard/shard.ts'
import type { SqlValue } from '../../src/shard/sql.ts'
import { clockOf } from './instance-clock.ts'
import { SMALL_SHARD } from './limits.ts'
import { sinkOf } from './postgres-link.ts'
import type { Release } from './release.ts'
import { type Storage, StorageFault } from './storage.ts'
import type { World } from './world.ts'

/**
 * - `current`: calls and alarms come to it.
 * - `superseded`: another incarnation owns the storage. This one still runs, but cannot read or write.
 * - `dead`: nothing of it runs any more.
 */
type Life = 'current' | 'superseded' | 'dead'

type Env = { readonly clock: Clock; readonly services: ShardServices }

/** The production object, on top of what the simulation provides. */
class SimulatedShard extends ShardObject<Env> {
  protected override get clock(): Clock {
    return this.env.clock
  }

  protected override get log(): Log {
    return () => {}
  }

  protected override services(): ShardServices {
    return this.env.services
  }
}

class FickleLoad extends IsolateLoad {
  readonly #world: World

  constructor(world: World) {
    super()
    this.#world = world
  }

  override isFull(withIds: boolean): boolean {
    return super.isFull(withIds) || this.#world.faults.strikes('full')
  }

  /** Label sets have no room more often than flights. */
  override isBelow(part: number): boolean {
    return super.isBelow(part) && !this.#world.faults.strikes('full')
  }
}

/** One incarnation of a shard's object, with its output gate. */
export class Instance {
  readonly shard: SimulatedShard
  readonly name: string
  readonly release: Release
  life: Life = 'current'
  /** How many statements Postgres has not answered. */
  statements = 0
  /** Whether it has been called before, so that asking for its status changes nothing. */
  isOpened = false
  readonly #storage: Storage
  readonly #waiting: (() => void)[] = []
  /** Whether a write has failed, so that nothing may leave any more. */
  #isGateBroken = false

  constructor(world: World, name: string, storage: Storage, skewMs: () => number) {
    this.name = name
    this.#storage = storage
    const clock = clockOf(world, skewMs, () => this.life !== 'dead')
    this.release = world.release
    const { lateHours, lingerMs, intervalMs: flushIntervalMs } = this.release
    const isolateLoad = new FickleLoad(world)
    const sink = sinkOf(world, this)
    const services = { sink, isolateLoad, flushIntervalMs, lingerMs, lateHours, limits: SMALL_SHARD }
    const state = { id: { name }, storage: this.#handle(world), waitUntil: ignore }
    this.shard = new SimulatedShard(state as unknown as DurableObjectState, { clock, services })
  }

  /** The output gate: resolves once everything written so far is durable, and never when it will not be. [I1] */
  gate(): Promise<void> {
    if (this.#isGateBroken || this.life === 'dead') return new Promise(() => {})
    if (this.life === 'superseded' || !this.#storage.isPending) return Promise.resolve()
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.push(resolve)
    return promise
  }

  /**
   * Takes those who wait at the gate, because what they wait for has become durable. @returns a function that lets
   * them out.
   */
  letOut(): () => void {
    const released = this.#waiting.splice(0)
    return () => {
      if (this.life === 'dead') return
      for (const resolve of released) resolve()
    }
  }

  #handle(world: World) {
    const owned = () => {
      if (this.life === 'current') return this.#storage
      this.#isGateBroken = true
      throw new StorageFault('the storage belongs to another incarnation')
    }
    return {
      sql: {
        exec: (statement: string, ...params: SqlValue[]) => {
          const rows = owned().run(statement, ...params)
          if (isSharedRow(statement, params)) world.tally('sharedRow')
          return { toArray: () => rows }
        },
      },
      kv: { get: () => undefined },
      transactionSync: <T>(body: () => T) =>
        owned().transaction(body, () => world.faults.strikes('storageRefuses')),
      getAlarm: async () => owned().alarmAtMs,
      setAlarm: async (atMs: number) => owned().setAlarm(atMs),
      deleteAll: async () => owned().deleteAll(),
    }
  }
}

/** Whether a statement journals flights that came together. */
function isSharedRow(statement: string, params: readonly SqlValue[]): boolean {
  return statement.startsWith('insert into journal') && params.some((p) => String(p).includes('\n'))
}

/** Stands for `waitUntil`: the platform awaits the work in the background, and the gate notices its failures. */
function ignore(work: Promise<unknown>): void {
  work.catch(() => {})
}
