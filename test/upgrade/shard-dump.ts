import type { Row, Sql, SqlValue } from '../../src/shard/sql.ts'

/** A shard's tables and rows, as SQL that makes them again. */
export function dump(sql: Sql): string {
  const tables = sql.run(`select name, sql from sqlite_master where type = 'table' order by name`)
  return tables
    .map(({ name, sql: create }) => {
      const rows = sql.run(`select * from ${name} order by 1`).map((row) => `  (${valuesOf(row)})`)
      const insert = rows.length > 0 ? `insert into ${name} values\n${rows.join(',\n')};\n` : ''
      return `${create};\n${insert}`
    })
    .join('\n')
}

function valuesOf(row: Row): string {
  return Object.values(row).map(literal).join(', ')
}

function literal(value: SqlValue): string {
  return typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : String(value)
}
