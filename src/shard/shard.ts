import { DurableObject } from 'cloudflare:workers'
import type { Clock } from '../clock.ts'
import { BACKOFF_MS_MAX, LABELS_GIVE_WAY_RATIO } from '../limits.ts'
import type { Log } from '../log.ts'
import { describeError } from '../log.ts'
import { type HitAdmission, HitKeys } from '../model/access/hit-keys.ts'
import type { Settlement } from '../model/closing.ts'
import { canNeverReopen, retireAtMs, shardClosesMs } from '../model/closing.ts'
import type { Notice } from '../model/deployed/notice.ts'
import type { MergeAnswer } from '../model/flight.ts'
import type { Sink } from '../model/flush/batch.ts'
import type { GroupSubjects, Unsettled, UnsettledGroups } from '../model/read.ts'
import type { Schedule } from '../model/schedule.ts'
import type { ShardName } from '../model/shard-name.ts'
import { formatShardName, parseShardName } from '../model/shard-name.ts'
import type { SliceGrouping } from '../model/slices/grouping.ts'
import type { ShardStatus } from '../model/status.ts'
import { ShardAlarm } from './alarm.ts'
import { describeShard } from './answers/audit.ts'
import { groupUnsettled } from './answers/held-groups.ts'
import { readArrival } from './arrival.ts'
import type { ShardLimits } from './bounds.ts'
import { SHARD_LIMITS } from './bounds.ts'
import { Flusher } from './flush.ts'
import { GroupCommit } from './group-commit.ts'
import type { IsolateLoad } from './isolate-load.ts'
import { isOutgrown, mergeFlights, refused } from './merge.ts'
import { readNotices, writeNotices } from './notices.ts'
import { slicesOf } from './parked.ts'
import { durableObjectSql } from './sql.ts'
import { ShardStore } from './store.ts'
import { hasTables } from './tables.ts'

export type ShardServices = {
  readonly sink: Sink
  readonly isolateLoad: IsolateLoad
  readonly flushIntervalMs: number
  readonly lingerMs: number
  readonly lateHours: Schedule
  /** Those of production, unless a simulation has smaller ones. */
  readonly limits?: ShardLimits
}

type Opened = {
  readonly services: ShardServices
  readonly name: ShardName
  readonly store: ShardStore
  readonly flusher: Flusher
  readonly group: GroupCommit
  readonly hitKeys: HitKeys
}

/**
 * The Durable Object of one hour and one slot. It is a shell: it loads the store at the first event, and hands each call
 * and each alarm to the function that decides.
 *
 * The constructor touches no storage, so it cannot throw. An object that was only woken has written nothing. [F4]
 */
export abstract class ShardObject<Env> extends DurableObject<Env> {
  #opened: Opened | undefined
  readonly #alarm = new ShardAlarm({
    now: () => this.clock.now(),
    // Not awaited, because the write is part of this turn's transaction and its failure resets the object.
    write: (atMs) => this.ctx.waitUntil(this.ctx.storage.setAlarm(atMs)),
  })

  /** The runtime's clock. It is there from the start, so that an alarm is set again even when nothing else works. */
  protected abstract readonly clock: Clock

  /** It is there from the start too, so that it can tell what did not work. */
  protected abstract readonly log: Log

  /** Makes everything that the object works with. Called at its first event; throws when the configuration is faulty. */
  protected abstract services(): ShardServices

  /**
   * Takes a flight. When the answer is `accepted`, the flight is durable in the journal. [I1]
   *
   * @param hasBacklog whether many requests of the flight's isolate share its flights, so that it should not wait here.
   */
  async merge(encoded: string, hasBacklog = false): Promise<MergeAnswer> {
    const { group } = this.#opened ?? (await this.#open())
    const arrival = readArrival(encoded)
    return arrival === undefined ? refused('unknown_version') : group.take(arrival, hasBacklog)
  }

  /** The sums that Postgres may not have yet of each of these keys, in their order. */
  async unsettled(keys: readonly string[]): Promise<Unsettled[]> {
    const { store } = this.#opened ?? (await this.#open())
    return keys.map((key) => store.unsettled(key))
  }

  /** The sum that Postgres may not have yet, over all keys that begin with `prefix` and that `grant` covers. [S2] */
  async unsettledSum(prefix: string, grant: string | null): Promise<Unsettled> {
    const { store } = this.#opened ?? (await this.#open())
    return store.sumUnsettled(prefix, grant)
  }

  /** The sums that Postgres may not have yet, by groups of slices. [S2] */
  async unsettledGroups(subjects: GroupSubjects, grouping: SliceGrouping): Promise<UnsettledGroups> {
    const { store } = this.#opened ?? (await this.#open())
    return groupUnsettled(store.held, subjects, grouping)
  }

  /** Counts what is not settled of the keys under a prefix, and says whether the hour is shut. Writes nothing. [S2] */
  async settlement(prefix: string | null): Promise<Settlement> {
    const { services, name, store } = this.#opened ?? (await this.#open())
    const nowMs = this.clock.now()
    return { isShut: canNeverReopen(name.hour, services.lateHours, nowMs), ...store.countUnsettled(prefix) }
  }

  /** Whether a hit may count under a key, and whether its prefix has room for another one. Writes nothing. [S3] */
  async admitHit(prefix: string, key: string): Promise<HitAdmission> {
    const { store, hitKeys } = this.#opened ?? (await this.#open())
    return hitKeys.admit(prefix, key, () => store.heldKeys())
  }

  async status(): Promise<ShardStatus> {
    const { services, name, store, flusher } = this.#opened ?? (await this.#open())
    const status = describeShard(name, store, flusher, services.isolateLoad.ratio, this.clock.now())
    const notices = readNotices(this.ctx.storage)
    return notices.length === 0 ? status : { ...status, notices: [...notices] }
  }

  /** Takes what the cron has found, in place of what it found before, for whoever asks for the status. */
  async notify(notices: readonly Notice[]): Promise<void> {
    writeNotices(this.ctx.storage, notices)
  }

  /** Retries or discards the parked cells of these keys, or all of them for null. @returns the increments in them. */
  async decideParked(action: 'retry' | 'discard', keys: readonly string[] | null): Promise<number> {
    const { services, name, store, flusher } = this.#opened ?? (await this.#open())
    const chosen = slicesOf(store.parked, keys)
    const nowMs = this.clock.now()
    const increments = action === 'discard' ? store.discardParked(chosen) : store.retryParked(chosen, nowMs)
    services.isolateLoad.update(formatShardName(name))
    if (action === 'retry' && store.openCells > 0) this.#alarm.setBy(flusher.dueMs(nowMs))
    if (increments > 0) this.log({ message: DECIDED[action], shard: formatShardName(name), increments })
    return increments
  }

  /**
   * Sets an alarm again that was lost, or that is too far away because the clock was set back; a shard that holds nothing
   * writes nothing. It is also called before an hour begins, because the platform takes long over the first use of a name.
   *
   * @returns the writer that the shard has now. No other writer of the shard will send anything again.
   */
  async wake(): Promise<{ readonly writer: string }> {
    const { store, flusher } = this.#opened ?? (await this.#open())
    const latestMs = flusher.latestMs(this.clock.now())
    if (latestMs !== null) this.#alarm.setBy(latestMs)
    return { writer: store.writer }
  }

  /** Never throws, because the platform gives up on an alarm that keeps throwing. [F4] */
  override async alarm(): Promise<void> {
    this.#alarm.forget()
    try {
      const { services, name, flusher } = this.#opened ?? this.#load()
      await flusher.run()
      services.isolateLoad.update(formatShardName(name))
    } catch (error) {
      this.#alarm.set(this.clock.now() + BACKOFF_MS_MAX)
      this.log({ message: 'alarm failed', shard: this.ctx.id.name ?? '', ...describeError(error) })
    }
  }

  /** Loads the shard, and sets its alarm again if it was lost. [F4] */
  async #open(): Promise<Opened> {
    const alarmAtMs = await this.ctx.storage.getAlarm()
    // Another call has opened the shard meanwhile, and may have set the alarm since.
    if (this.#opened !== undefined) return this.#opened
    this.#alarm.load(alarmAtMs)
    const sql = durableObjectSql(this.ctx.storage)
    if (this.#alarm.isLost && hasTables(sql)) this.#alarm.set(this.clock.now())
    return this.#load()
  }

  #load(): Opened {
    const services = this.services()
    const { limits = SHARD_LIMITS } = services
    const name = parseShardName(this.ctx.id.name ?? '')
    if (name === undefined) throw new Error(`not the name of a shard: ${this.ctx.id.name}`)
    const store = new ShardStore(durableObjectSql(this.ctx.storage), this.clock.uuid, limits)
    const shard = formatShardName(name)
    services.isolateLoad.join(shard, store)
    const flusher = new Flusher({
      name,
      store,
      alarm: this.#alarm,
      sink: services.sink,
      clock: this.clock,
      intervalMs: services.flushIntervalMs,
      retireAtMs: retireAtMs(name.hour, services.lateHours),
      erase: () => this.#erase(store),
      log: (line) => this.log({ ...line, shard }),
    })
    const closesMs = shardClosesMs(name.hour, services.lateHours)
    const { isolateLoad } = services
    const isFull = (withIds: boolean) => isolateLoad.isFull(withIds)
    const hasRoomForLabels = () => isolateLoad.isBelow(LABELS_GIVE_WAY_RATIO)
    const group = new GroupCommit({
      clock: this.clock,
      lingerMs: services.lingerMs,
      rowBytes: limits.rowBytes,
      commit: (arrivals) => {
        const nowMs = this.clock.now()
        const answers = mergeFlights(store, arrivals, { nowMs, closesMs, isFull, hasRoomForLabels })
        services.isolateLoad.update(shard)
        // Set in the turn of the write, so that both become durable or neither does.
        if (store.openCells > 0) {
          this.#alarm.setBy(isOutgrown(store) ? flusher.dueAtOnceMs(nowMs) : flusher.dueMs(nowMs))
        }
        return answers
      },
    })
    this.#opened = { services, name, store, flusher, group, hitKeys: new HitKeys() }
    return this.#opened
  }

  /** Deletes everything, the alarm with it. The instance lives on like one that was only woken. */
  #erase(store: ShardStore): void {
    this.ctx.waitUntil(this.ctx.storage.deleteAll())
    store.forget()
    this.#alarm.forget()
  }
}

const DECIDED = { retry: 'parked retried', discard: 'parked discarded' } as const
