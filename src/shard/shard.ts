import { DurableObject } from 'cloudflare:workers'
import type { Clock } from '../clock.ts'
import { ALARM_OVERDUE_MS, BACKOFF_MS_MAX } from '../limits.ts'
import type { Log } from '../log.ts'
import { tellError } from '../log.ts'
import type { Sink } from '../model/batch.ts'
import type { Settlement } from '../model/closing.ts'
import { isShut, retireAtMs, shardClosesMs } from '../model/closing.ts'
import type { MergeAnswer, Unsettled } from '../model/flight.ts'
import type { Schedule } from '../model/schedule.ts'
import type { ShardName } from '../model/shard-name.ts'
import { formatShardName, parseShardName } from '../model/shard-name.ts'
import type { ShardStatus } from '../model/status.ts'
import { describeShard } from './audit.ts'
import { Flusher } from './flush.ts'
import { GroupCommit } from './group-commit.ts'
import type { Held } from './isolate-load.ts'
import { decodeIncoming, isOutgrown, mergeFlights, refused } from './merge.ts'
import { durableObjectSql } from './sql.ts'
import { ShardStore } from './store.ts'
import { hasTables } from './tables.ts'

export type ShardServices = {
  readonly sink: Sink
  readonly held: Held
  readonly flushIntervalMs: number
  readonly lingerMs: number
  readonly lateHours: Schedule
}

type Opened = {
  readonly services: ShardServices
  readonly name: ShardName
  readonly store: ShardStore
  readonly flusher: Flusher
  readonly group: GroupCommit
}

/**
 * The Durable Object of one hour and one slot: a shell. It loads the store at the first event, hands each call to
 * the function that decides, and keeps the alarm.
 *
 * The constructor touches nothing, so it cannot throw; an object that was only woken has written nothing. [F4]
 */
export abstract class ShardObject<Env> extends DurableObject<Env> {
  #opened: Opened | undefined
  /** When the alarm rings, as far as this instance knows; null when none is set. */
  #alarmAtMs: number | null = null

  /** The runtime's, there from the start: an alarm is armed again even when nothing else can be had. */
  protected abstract readonly clock: Clock

  /** There from the start too: what could not be had is told. */
  protected abstract readonly log: Log

  /** What the object works with. Called at its first event; a fault in the configuration throws there. */
  protected abstract services(): ShardServices

  /**
   * Takes a flight. When it answers `accepted`, the flight is in the journal, durably. [I1]
   *
   * @param hasBacklog whether many requests of the flight's isolate share its flights, so that it should not wait here.
   */
  async merge(encoded: string, hasBacklog = false): Promise<MergeAnswer> {
    const { group } = this.#opened ?? (await this.#open())
    const incoming = decodeIncoming(encoded)
    return incoming === undefined ? refused('unknown_version') : group.take(incoming, hasBacklog)
  }

  /** What Postgres may not have yet of each of these keys. */
  async unsettled(keys: readonly string[]): Promise<Unsettled[]> {
    const { store } = this.#opened ?? (await this.#open())
    return keys.map((key) => store.unsettled(key))
  }

  /** What Postgres may not have yet of all keys that begin with a text, added up. [S2] */
  async unsettledSum(prefix: string, grant: string | null): Promise<Unsettled> {
    const { store } = this.#opened ?? (await this.#open())
    return store.unsettledSum(prefix, grant)
  }

  /** What is not settled of the keys under a prefix, and whether anything can still come. Writes nothing. [S2] */
  async settlement(prefix: string | null): Promise<Settlement> {
    const { services, name, store } = this.#opened ?? (await this.#open())
    const nowMs = this.clock.now()
    return { isShut: isShut(name.hour, services.lateHours, nowMs), ...store.unsettledUnder(prefix) }
  }

  async status(): Promise<ShardStatus> {
    const { services, name, store, flusher } = this.#opened ?? (await this.#open())
    return describeShard(name, store, flusher, services.held.ratio, this.clock.now())
  }

  /** Retries or discards parked cells: those of these keys, or all. @returns the increments in them. */
  async decideParked(action: 'retry' | 'discard', keys: readonly string[] | null): Promise<number> {
    const { name, store, flusher } = this.#opened ?? (await this.#open())
    const chosen = keys ?? [...store.parked.keys()]
    const nowMs = this.clock.now()
    const increments = action === 'discard' ? store.discardParked(chosen) : store.retryParked(chosen, nowMs)
    if (action === 'retry' && store.openCells > 0) this.#armBy(flusher.dueMs(nowMs))
    if (increments > 0) this.log({ message: DECIDED[action], shard: formatShardName(name), increments })
    return increments
  }

  /**
   * Arms a lost alarm again, and writes nothing where there is nothing. The first use of a name is slow on the
   * platform, so it is also had before the hour begins.
   */
  async wake(): Promise<void> {
    if (this.#opened === undefined) await this.#open()
    else if (this.#opened.store.isStored && this.#isAlarmLost()) this.#arm(this.clock.now())
  }

  /** Never throws: the platform gives up on an alarm that keeps throwing. [F4] */
  override async alarm(): Promise<void> {
    this.#alarmAtMs = null
    try {
      const { flusher } = this.#opened ?? this.#load()
      await flusher.run()
    } catch (error) {
      this.#arm(this.clock.now() + BACKOFF_MS_MAX)
      this.log({ message: 'alarm failed', shard: this.ctx.id.name ?? '', ...tellError(error) })
    }
  }

  /** Loads, and arms a lost alarm again: a fired alarm whose successor was not written in time is used up. [F4] */
  async #open(): Promise<Opened> {
    const alarmAtMs = await this.ctx.storage.getAlarm()
    // Another call has opened it meanwhile, and may have armed the alarm since.
    if (this.#opened !== undefined) return this.#opened
    this.#alarmAtMs = alarmAtMs
    const sql = durableObjectSql(this.ctx.storage)
    if (this.#isAlarmLost() && hasTables(sql)) this.#arm(this.clock.now())
    return this.#load()
  }

  #load(): Opened {
    const services = this.services()
    const name = parseShardName(this.ctx.id.name ?? '')
    if (name === undefined) throw new Error(`not the name of a shard: ${this.ctx.id.name}`)
    const store = new ShardStore(durableObjectSql(this.ctx.storage), this.clock.uuid)
    services.held.join(formatShardName(name), store)
    const flusher = new Flusher({
      name,
      store,
      alarm: { set: (atMs) => this.#arm(atMs) },
      sink: services.sink,
      clock: this.clock,
      intervalMs: services.flushIntervalMs,
      retireAtMs: retireAtMs(name.hour, services.lateHours),
      erase: () => this.#erase(store),
      log: (line) => this.log({ ...line, shard: formatShardName(name) }),
    })
    const closesMs = shardClosesMs(name.hour, services.lateHours)
    const isFull = (withIds: boolean) => services.held.isFull(withIds)
    const group = new GroupCommit({
      clock: this.clock,
      lingerMs: services.lingerMs,
      commit: (flights) => {
        const nowMs = this.clock.now()
        const answers = mergeFlights(store, flights, { nowMs, closesMs, isFull })
        // In the turn of the write, so that both are durable or neither is.
        if (store.openCells > 0) {
          this.#armBy(isOutgrown(store) ? flusher.dueAtOnceMs(nowMs) : flusher.dueMs(nowMs))
        }
        return answers
      },
    })
    this.#opened = { services, name, store, flusher, group }
    return this.#opened
  }

  /** The alarm goes with the rest. The instance lives on, as one that was only woken. */
  #erase(store: ShardStore): void {
    this.ctx.waitUntil(this.ctx.storage.deleteAll())
    store.forget()
    this.#alarmAtMs = null
  }

  #armBy(atMs: number): void {
    if (this.#isAlarmLost() || (this.#alarmAtMs ?? 0) > atMs) this.#arm(atMs)
  }

  #isAlarmLost(): boolean {
    return this.#alarmAtMs === null || this.#alarmAtMs < this.clock.now() - ALARM_OVERDUE_MS
  }

  #arm(atMs: number): void {
    this.#alarmAtMs = atMs
    // Not awaited: the write is in this turn's transaction, and its failure resets the object.
    this.ctx.waitUntil(this.ctx.storage.setAlarm(atMs))
  }
}

const DECIDED = { retry: 'parked retried', discard: 'parked discarded' } as const
