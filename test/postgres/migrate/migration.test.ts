import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MIGRATIONS, readMigrations } from '../../../src/local/migrations-folder.ts'
import { type Migration, planSchema } from '../../../src/postgres/migrate/migration.ts'
import { notAdditive } from '../../upgrade/additive.ts'

function migrationsOf(quick: readonly boolean[]): Migration[] {
  return quick.map((isQuick, i) => ({
    name: `000${i}`,
    statements: [`select ${i}`],
    hash: `hash ${i}`,
    createdAt: i + 1,
    isQuick,
  }))
}

const quickness = fc.array(fc.boolean(), { minLength: 1, maxLength: 8 })

test('an empty database gets all migrations, quick or not', () => {
  fc.assert(
    fc.property(quickness, fc.constantFrom('person', 'worker'), (quick, by) => {
      const all = migrationsOf(quick)
      expect(planSchema(all, [], by)).toEqual({ kind: 'apply', missing: all })
    }),
  )
})

test('a Worker applies what is quick up to the first step that is not, and a person everything', () => {
  fc.assert(
    fc.property(quickness, fc.nat(), (quick, n) => {
      const all = migrationsOf(quick)
      const applied = all.slice(0, 1 + (n % all.length)).map(({ hash }) => hash)
      const missing = all.slice(applied.length)
      const byWorker = planSchema(all, applied, 'worker')
      const takeQuick = missing.slice(0, missing.findIndex(({ isQuick }) => !isQuick) >>> 0)
      if (missing.length === 0) expect(byWorker).toEqual({ kind: 'newest' })
      else if (takeQuick.length > 0) expect(byWorker).toEqual({ kind: 'apply', missing: takeQuick })
      else expect(byWorker).toMatchObject({ kind: 'by_hand' })
      const byPerson = planSchema(all, applied, 'person')
      expect(byPerson).toEqual(missing.length === 0 ? { kind: 'newest' } : { kind: 'apply', missing })
    }),
  )
})

test('a database that is further than this version, or has another past, is left alone by both', () => {
  const all = migrationsOf([true, true])
  const hashes = all.map(({ hash }) => hash)
  for (const by of ['person', 'worker'] as const) {
    expect(planSchema(all, [...hashes, 'newer'], by)).toEqual({ kind: 'newest' })
    expect(planSchema(all, ['another'], by)).toEqual({ kind: 'different', name: '0000', fault: 'edited' })
  }
})

/** Statements that take no time whatever the tables hold, if the migration's own tables are left out. */
const QUICK_STATEMENTS =
  /^(create (table|view|or replace view|schema)|alter table \S+ add column|comment on|grant|insert into "sumdial"."settings") /

test('a migration that is marked quick only adds tables, columns, views and settings', () => {
  for (const { name, statements, isQuick } of readMigrations(MIGRATIONS)) {
    const own = statements.flatMap((text) => /create table (\S+)/i.exec(text)?.[1] ?? [])
    const slow = statements.filter((text) => {
      const plain = text.replace(/^(\s|--[^\n]*\n)+/, '').toLowerCase()
      return !(QUICK_STATEMENTS.test(plain) || own.some((table) => plain.includes(table.toLowerCase())))
    })
    if (isQuick) expect([name, slow, notAdditive(statements.join(';'))]).toEqual([name, [], []])
  }
})
