import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { Row, SqlValue } from '../../src/shard/sql.ts'

/** All that is stored, to be put back later. */
export type Recording = {
  readonly tables: readonly { readonly sql: string; readonly name: string; readonly rows: Row[] }[]
  readonly alarmAtMs: number | null
}

/** An error of the platform that the program must survive. */
export class StorageFault extends Error {
  override name = 'StorageFault'
}

/**
 * A shard's storage. Writes are pending in one transaction of SQLite's, until `commit` makes them durable or a crash
 * rolls them back. The alarm is part of that.
 */
export class Storage {
  readonly #database = new DatabaseSync(':memory:')
  readonly #statements = new Map<string, StatementSync>()
  #isPending = false
  #whenDurable: (() => void)[] = []
  #alarmAtMs: number | null = null
  #durableAlarmAtMs: number | null = null
  /** Whether anything has been written since the last check. */
  isTouched = false
  /** Whether anything that was written has been rolled back since the last check. */
  isRolledBack = false
  /** Whether a fault has lost the alarm, so that the platform owes one and not the program. */
  isAlarmLost = false
  #wasAlarmLost = false

  get isPending(): boolean {
    return this.#isPending
  }

  get alarmAtMs(): number | null {
    return this.#alarmAtMs
  }

  get hasTables(): boolean {
    return this.run(`select 1 from sqlite_master where type = 'table'`).length > 0
  }

  run(statement: string, ...params: readonly SqlValue[]): Row[] {
    let prepared = this.#statements.get(statement)
    if (prepared === undefined) {
      prepared = this.#database.prepare(statement)
      this.#statements.set(statement, prepared)
    }
    return prepared.all(...params) as Row[]
  }

  transaction<T>(body: () => T, failAfter: () => boolean): T {
    this.#touch()
    const alarmAtMs = this.#alarmAtMs
    this.#database.exec('savepoint turn')
    try {
      const result = body()
      if (failAfter()) throw new StorageFault('the storage refuses')
      this.#database.exec('release turn')
      return result
    } catch (error) {
      this.#database.exec('rollback to turn; release turn')
      this.#alarmAtMs = alarmAtMs
      throw error
    }
  }

  setAlarm(atMs: number): void {
    this.#touch()
    this.#alarmAtMs = atMs
    this.isAlarmLost = false
  }

  /** The alarm rings: it is used up unless the handler is cut short. */
  beginAlarm(): void {
    this.#alarmAtMs = null
  }

  endAlarm(): void {
    if (!this.#isPending) this.#durableAlarmAtMs = this.#alarmAtMs
  }

  /** The alarm is used up, and its handler was never called. */
  loseAlarm(): void {
    this.#alarmAtMs = null
    this.isAlarmLost = true
    // An alarm rings only once it is durable, whatever is pending by now.
    this.#durableAlarmAtMs = null
    this.#wasAlarmLost = true
    this.isTouched = true
  }

  deleteAll(): void {
    this.#touch()
    for (const { name } of this.#tables()) this.#database.exec(`drop table ${name}`)
    this.#alarmAtMs = null
  }

  /** Runs a callback once everything written by now is durable, and never when that is rolled back. */
  whenDurable(run: () => void): void {
    if (this.#isPending) this.#whenDurable.push(run)
    else run()
  }

  commit(): void {
    if (this.#isPending) this.#database.exec('commit')
    this.#isPending = false
    this.#durableAlarmAtMs = this.#alarmAtMs
    this.#wasAlarmLost = this.isAlarmLost
    for (const run of this.#whenDurable.splice(0)) run()
  }

  rollBack(): void {
    if (this.#isPending) this.#database.exec('rollback')
    this.#isPending = false
    this.#whenDurable = []
    this.#alarmAtMs = this.#durableAlarmAtMs
    this.isAlarmLost = this.#wasAlarmLost
    this.isTouched = true
    this.isRolledBack = true
  }

  record(): Recording {
    const tables = this.#tables().map((table) => ({
      ...table,
      rows: this.run(`select * from ${table.name}`),
    }))
    return { tables, alarmAtMs: this.#alarmAtMs }
  }

  rewindTo({ tables, alarmAtMs }: Recording): void {
    this.deleteAll()
    for (const { sql, name, rows } of tables) {
      this.#database.exec(sql)
      for (const row of rows) {
        const values = Object.values(row)
        this.run(`insert into ${name} values (${values.map(() => '?').join(', ')})`, ...values)
      }
    }
    this.#alarmAtMs = alarmAtMs
    this.isAlarmLost = alarmAtMs === null
    this.commit()
  }

  /** Frees its memory at the end of the world. */
  close(): void {
    this.#database.close()
  }

  #tables(): { readonly name: string; readonly sql: string }[] {
    return this.run(`select name, sql from sqlite_master where type = 'table'`).map(({ name, sql }) => ({
      name: String(name),
      sql: String(sql),
    }))
  }

  #touch(): void {
    if (!this.#isPending) this.#database.exec('begin')
    this.#isPending = true
    this.isTouched = true
  }
}
