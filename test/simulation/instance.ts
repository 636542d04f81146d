import type { DurableObjectState } from '@cloudflare/workers-types'
import type { Clock } from '../../src/clock.ts'
import type { Log } from '../../src/log.ts'
import { Held } from '../../src/shard/isolate-load.ts'
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
 * - `superseded`: another incarnation has the storage. It still runs, but cannot read or write.
 * - `dead`: nothing of it runs any more.
 */
type Life = 'current' | 'superseded' | 'dead'

type Env = { readonly clock: Clock; readonly services: ShardServices }

/** The production object, over what the simulation gives it. */
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

class FickleHeld extends Held {
  readonly #world: World

  constructor(world: World) {
    super()
    this.#world = world
  }

  override isFull(withIds: boolean): boolean {
    return super.isFull(withIds) || this.#world.faults.strikes('full')
  }
}

/** One incarnation of a shard's object, with its output gate. */
export class Instance {
  readonly shard: SimulatedShard
  readonly name: string
  readonly release: Release
  life: Life = 'current'
  /** Statements that Postgres has not answered. */
  statements = 0
  /** Whether it has been called, so that it may be asked without changing anything. */
  isOpened = false
  readonly #storage: Storage
  readonly #waiting: (() => void)[] = []
  /** A write has failed, so nothing may leave any more. */
  #isGateBroken = false

  constructor(world: World, name: string, storage: Storage, skewMs: number) {
    this.name = name
    this.#storage = storage
    const clock = clockOf(world, skewMs, () => this.life !== 'dead')
    this.release = world.release
    const { lateHours, lingerMs, intervalMs: flushIntervalMs } = this.release
    const held = new FickleHeld(world)
    const sink = sinkOf(world, this)
    const services = { sink, held, flushIntervalMs, lingerMs, lateHours, limits: SMALL_SHARD }
    const state = { id: { name }, storage: this.#handle(world), waitUntil: ignore }
    this.shard = new SimulatedShard(state as unknown as DurableObjectState, { clock, services })
  }

  /** The output gate: passes once everything written so far is durable. Never, when it will not be. [I1] */
  gate(): Promise<void> {
    if (this.#isGateBroken || this.life === 'dead') return new Promise(() => {})
    if (this.life === 'superseded' || !this.#storage.isPending) return Promise.resolve()
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.push(resolve)
    return promise
  }

  /** Takes those that wait at the gate, for what they wait for has become durable. @returns what lets them out. */
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
      transactionSync: <T>(body: () => T) =>
        owned().transaction(body, () => world.faults.strikes('storageRefuses')),
      getAlarm: async () => owned().alarmAtMs,
      setAlarm: async (atMs: number) => owned().setAlarm(atMs),
      deleteAll: async () => owned().deleteAll(),
    }
  }
}

/** Whether it journals flights that came together. */
function isSharedRow(statement: string, params: readonly SqlValue[]): boolean {
  return statement.startsWith('insert into journal') && params.some((p) => String(p).includes('\n'))
}

/** What the platform awaits in the background. Its failures are seen at the gate. */
function ignore(work: Promise<unknown>): void {
  work.catch(() => {})
}
