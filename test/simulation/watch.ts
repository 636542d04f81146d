import type { ApplyOutcome, Batch } from '../../src/model/flush/batch.ts'
import { blamesCells } from '../../src/model/flush/trouble.ts'
import type { Holdings } from '../../src/model/status.ts'
import { ShardStore } from '../../src/shard/store.ts'
import type { Instance } from './instance.ts'
import { SMALL_SHARD } from './limits.ts'
import { Violation } from './scheduler.ts'
import type { ShardHost } from './shard-host.ts'
import type { Storage } from './storage.ts'
import type { World } from './world.ts'

/** The failures of cells of a key since it was last parked, and how many batches had got through before. */
type Failures = { readonly alone: number; readonly since: number; readonly isSaid: boolean }

const NO_FAILURES: Failures = { alone: 0, since: 0, isSaid: false }

/** Checks what must hold after every step. Throws a Violation that names the rule, or hands it to the world. */
export class Watch {
  readonly #world: World
  /** The content that was sent under each (writer, seq), and the last seq of each writer. */
  readonly #sent = new Map<string, string>()
  readonly #lastSeq = new Map<string, number>()

  /** How many batches of each shard have got through. */
  readonly #throughs = new Map<string, number>()
  readonly #failed = new Map<string, Failures>()
  /** The keys that each shard has parked. */
  readonly #parked = new Map<string, ReadonlySet<string>>()

  constructor(world: World) {
    this.#world = world
  }

  statementBegins(instance: Instance): void {
    instance.statements += 1
    if (instance.statements > 1) this.#fail(`[F2] ${instance.name} has two statements under way`)
  }

  statementEnds(instance: Instance): void {
    instance.statements -= 1
  }

  /** Checks that seqs rise by one, and that the content under a seq never changes. [F1] */
  batchSent({ writer, seq, id, cells }: Batch): void {
    if (!this.#world.isExact) return
    const name = `${writer}/${seq}`
    const content = `${id} ${Array.from(cells, ([key, { sum, count }]) => `${key}=${sum}/${count}`).join(' ')}`
    const first = this.#sent.get(name)
    if (first !== undefined && first !== content) this.#fail(`[F1] ${name} has changed`)
    const last = this.#lastSeq.get(writer) ?? 0
    if (seq > last + 1) this.#fail(`[F1] ${name} follows ${last}`)
    this.#sent.set(name, content)
    this.#lastSeq.set(writer, Math.max(last, seq))
  }

  /** Counts a batch of a shard that Postgres has applied, whether its sender hears about it or not. */
  gotThrough(shard: string): void {
    this.#throughs.set(shard, this.#throughsOf(shard) + 1)
  }

  /** Counts what a shard hears about its cells. */
  batchHeard(shard: string, { cells: { keys } }: Batch, outcome: ApplyOutcome): void {
    for (const key of keys) {
      const name = `${shard} ${key}`
      if (!blamesCells(outcome)) continue
      const { alone, since } = this.#failed.get(name) ?? { alone: 0, since: this.#throughsOf(shard) }
      const isSaid = outcome.kind === 'cell_refused'
      this.#failed.set(name, { alone: alone + (keys.length === 1 ? 1 : 0), since, isSaid })
    }
  }

  #throughsOf(shard: string): number {
    return this.#throughs.get(shard) ?? 0
  }

  async check(host: ShardHost): Promise<void> {
    if (!host.storage.isTouched) return
    const { isRolledBack } = host.storage
    host.storage.isTouched = false
    host.storage.isRolledBack = false
    if (!host.storage.hasTables) return
    checkArmed(host)
    const store = replayed(host.storage)
    checkBounds(host.name, store)
    this.#checkParked(host.name, store, isRolledBack)
    const stored = store.holdings()
    checkConserved(host.name, stored)
    if (host.instance?.isOpened) await checkMirrored(host.instance, stored)
  }

  /**
   * Checks that a cell was parked only when it had failed alone twice, and others had got through since it failed, or
   * Postgres says that its data is at fault. A cell that is parked again because its retry was rolled back was checked
   * before. [P3]
   */
  #checkParked(name: string, store: ShardStore, isRolledBack: boolean): void {
    const before = this.#parked.get(name) ?? new Set()
    const now = new Set(store.parked.keys())
    this.#parked.set(name, now)
    if (!this.#world.isExact || isRolledBack) return
    for (const key of now.difference(before)) {
      const { alone, since, isSaid } = this.#failed.get(`${name} ${key}`) ?? NO_FAILURES
      this.#failed.delete(`${name} ${key}`)
      const others = this.#throughsOf(name) - since
      this.#world.tally('parked')
      if (alone < 2 || (others < 1 && !isSaid))
        throw new Violation(
          `[P3] ${name} has parked ${key}, alone ${alone} times, with ${others} others through`,
        )
    }
  }

  #fail(message: string): void {
    this.#world.fail(new Violation(message))
  }
}

function checkArmed({ name, storage }: ShardHost): void {
  if (storage.alarmAtMs === null && !storage.isAlarmLost) {
    throw new Violation(`[F4] ${name} holds something, and no alarm is armed`)
  }
}

/** The store as a new incarnation would load it from storage. */
export function replayed(storage: Storage): ShardStore {
  const transaction = () => {
    throw new Violation('a replay writes')
  }
  return new ShardStore(
    { run: (statement, ...params) => storage.run(statement, ...params), transaction },
    () => '',
    SMALL_SHARD,
  )
}

function checkConserved(name: string, holdings: Holdings): void {
  const { accepted, settled, discarded, open, frozen, parked } = holdings
  const found = settled + discarded + open.increments + frozen.increments + parked.increments
  if (accepted !== found) throw new Violation(`[C1] ${name} accepted ${accepted} and accounts for ${found}`)
}

function checkBounds(name: string, store: ShardStore): void {
  const { senders, journalBytes } = store.holdings()
  if (senders > SMALL_SHARD.senders) throw new Violation(`[I5] ${name} remembers ${senders} senders`)
  const most = 2 * store.openBytes + 2 * SMALL_SHARD.rowBytes + SMALL_SHARD.foldBytes
  if (journalBytes > most) throw new Violation(`[I5] ${name} has ${journalBytes} bytes of journal`)
}

/** Checks that memory is what a replay of the storage gives. [J1] */
async function checkMirrored({ name, shard }: Instance, stored: Holdings): Promise<void> {
  const live = await shard.status()
  for (const part of ['accepted', 'settled', 'discarded', 'senders', 'ids', 'journalBytes'] as const) {
    if (live[part] !== stored[part])
      throw new Violation(`[J1] ${name}: ${part} is ${live[part]}, stored ${stored[part]}`)
  }
  const [tally, storedTally] = [JSON.stringify(live.tally), JSON.stringify(stored.tally)]
  if (tally !== storedTally) throw new Violation(`[J1] ${name}: the tally is ${tally}, stored ${storedTally}`)
  for (const part of ['open', 'frozen', 'parked'] as const) {
    const [inMemory, inStorage] = [live[part].increments, stored[part].increments]
    if (inMemory !== inStorage)
      throw new Violation(`[J1] ${name}: ${part} is ${inMemory}, stored ${inStorage}`)
  }
}
