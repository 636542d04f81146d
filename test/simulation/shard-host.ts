import { Instance } from './instance.ts'
import { Violation } from './scheduler.ts'
import { Storage, StorageFault } from './storage.ts'
import type { World } from './world.ts'

/** How long a write takes at most until it is durable, and a message to leave after that, in ms. */
const COMMIT_MS_MAX = 20
const LEAVE_MS_MAX = 5

type Call = { readonly instance: Instance; readonly fail: (error: Error) => void }

/** The platform's half of one shard: its storage, its alarm, and at most one incarnation that owns them. */
export class ShardHost {
  readonly name: string
  readonly storage = new Storage()
  readonly #world: World
  readonly #calls = new Set<Call>()
  #current: Instance | null = null
  #scheduledMs: number | null = null
  #cancelAlarm = () => {}
  #isCommitDue = false
  #setBackMs = 0

  constructor(world: World, name: string) {
    this.#world = world
    this.name = name
  }

  /** The incarnation that owns the storage; null when none is in memory. */
  get instance(): Instance | null {
    return this.#current
  }

  /** Sets the machine's clock, by which its object and its alarm go. */
  setClock(setBackMs: number): void {
    this.#setBackMs = setBackMs
    this.#scheduleAlarm()
  }

  /** Calls the shard as the platform does: the answer leaves through the gate, and a crash makes the call fail. */
  call<T>(what: string, run: (instance: Instance) => Promise<T>): Promise<T> {
    const instance = this.#wake()
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const call = { instance, fail: reject }
    this.#calls.add(call)
    instance.isOpened = true
    const answered = run(instance).finally(() => this.lookAfter())
    const done = (finish: () => void) => () => {
      if (this.#calls.delete(call)) finish()
    }
    answered.then(
      (answer) => void instance.gate().then(done(() => resolve(answer))),
      (error: unknown) => {
        // A bug would be thrown again at each retry, and its clients would hear nothing but `unknown`.
        if (!(error instanceof StorageFault)) this.#world.fail(violationOf(error, `${this.name} ${what}`))
        done(() => reject(error))()
      },
    )
    this.#world.scheduler.note(`${this.name} ${what}`)
    return promise
  }

  #wake(): Instance {
    const { chance, faults } = this.#world
    const skewMs = faults.has('clocksDiffer') ? chance.between(-5_000, 5_000) : 0
    this.#current ??= new Instance(this.#world, this.name, this.storage, () => skewMs - this.#setBackMs)
    return this.#current
  }

  /** Sees to it that what was written becomes durable a little later, and that an alarm that was set will ring. */
  lookAfter(): void {
    if (this.storage.isPending && !this.#isCommitDue) this.#commitLater()
    if (this.storage.alarmAtMs !== this.#scheduledMs) this.#scheduleAlarm()
  }

  #commitLater(): void {
    const { scheduler, chance } = this.#world
    this.#isCommitDue = true
    scheduler.after(chance.between(0, COMMIT_MS_MAX), '', () => {
      this.#isCommitDue = false
      this.#commit()
    })
  }

  #commit(): void {
    const { scheduler, chance } = this.#world
    this.storage.commit()
    const letOut = this.#current?.letOut()
    if (letOut !== undefined) scheduler.after(chance.between(0, LEAVE_MS_MAX), '', letOut)
  }

  #scheduleAlarm(): void {
    const { scheduler, chance, faults } = this.#world
    this.#cancelAlarm()
    const atMs = this.storage.alarmAtMs
    this.#scheduledMs = atMs
    if (atMs === null) return
    const lateMs = faults.strikes('alarmLate') ? chance.between(1_000, 180_000) : chance.between(1, 200)
    const waitMs = Math.max(0, atMs - scheduler.nowMs + this.#setBackMs) + lateMs
    this.#cancelAlarm = scheduler.after(waitMs, `${this.name} alarm`, () => this.#ring())
  }

  #ring(): void {
    const { faults } = this.#world
    this.#scheduledMs = null
    if (faults.strikes('alarmLost')) {
      this.storage.loseAlarm()
      return
    }
    this.storage.beginAlarm()
    this.#handleAlarm()
    if (faults.strikes('alarmTwice')) this.#handleAlarm()
    if (faults.strikes('crashInFlush')) {
      const { scheduler, chance } = this.#world
      scheduler.after(chance.between(0, 60), `${this.name} is to crash`, () => this.crash(chance.is(0.5)))
    }
    this.lookAfter()
  }

  #handleAlarm(): void {
    const instance = this.#wake()
    instance.isOpened = true
    instance.shard
      .alarm()
      .then(() => {
        if (this.#current === instance) this.storage.endAlarm()
      })
      .catch((error: unknown) => this.#world.fail(new Violation(`[F4] the alarm threw: ${error}`)))
  }

  /**
   * Kills the object. Pending writes are lost, or have just become durable. An alarm that it was handling rings again.
   */
  crash(isDurable: boolean): void {
    const instance = this.#current
    if (instance === null) return
    instance.life = 'dead'
    this.#end(instance, isDurable)
    this.#world.scheduler.note(`${this.name} crashed, ${isDurable ? 'durable' : 'pending lost'}`)
  }

  /** Lets another incarnation take over without this one knowing, which may live on for a while. */
  supersede(): void {
    const instance = this.#current
    if (instance === null) return
    const { chance, scheduler } = this.#world
    const isDurable = chance.is(0.5)
    const letOut = isDurable ? instance.letOut() : () => {}
    instance.life = 'superseded'
    this.#end(instance, isDurable)
    letOut()
    scheduler.note(`${this.name} is superseded`)
    scheduler.after(chance.between(1_000, 120_000), `${this.name} zombie dies`, () => {
      instance.life = 'dead'
    })
  }

  #end(instance: Instance, isDurable: boolean): void {
    this.#current = null
    if (isDurable) this.storage.commit()
    else this.storage.rollBack()
    for (const call of [...this.#calls].filter((c) => c.instance === instance)) {
      this.#calls.delete(call)
      call.fail(Object.assign(new Error('the object was reset'), { durableObjectReset: true }))
    }
    this.lookAfter()
  }
}

function violationOf(error: unknown, where: string): Violation {
  return error instanceof Violation ? error : new Violation(`${where} threw: ${error}`)
}
