/**
 * The statements that a migration may have. The Worker of the release before runs on the new schema, for minutes in every rollout and for
 * as long as one is rolled back, and its statements were written before anybody knew this one. So whatever is not known
 * to leave them as they are is refused, and not only what is known to break them.
 */
const ALLOWED: readonly RegExp[] = [
  // New things are in nobody's way, because the release before does not know their names.
  /^create table /,
  /^create (or replace )?view /,
  /^create materialized view /,
  /^create (schema|sequence|type|function) /,
  // Not a unique one: it would refuse rows that the release before writes.
  /^create index /,
  // Without a constraint, and with a default where it must not be null: the release before names no such column.
  /^alter table \S+ add column \S+ (?!.*\b(unique|primary key|references|check|generated)\b)((?!.*\bnot null\b)|(?=.*\bdefault\b))/,
  // How rows are stored, planned and described, and who may read them.
  /^alter table \S+ (re)?set \(/,
  // Likewise for each table that a query finds, because a user may have partitioned one.
  /^do \$\$ declare \w+ regclass; begin for \w+ in select [^;]* loop execute format\('alter table %s set \([\w =]+\)', \w+\); end loop; end \$\$$/,
  /^alter (table|materialized view) \S+ alter column \S+ set (statistics|storage) /,
  /^comment on /,
  // A setting of its own: the release before asks for the names that it knows.
  /^insert into sumdial\.settings \(name, value\) values \([^()]*\) on conflict do nothing$/,
  /^grant /,
  /^analyze\b/,
]

/**
 * The statements of a migration that are not known to be additive, each on one line. A table that the migration itself
 * creates is its own: it may do with it whatever it likes.
 */
export function notAdditive(migration: string): string[] {
  const statements = statementsOf(migration)
  const own = statements.flatMap((text) => /^create table (?:if not exists )?(\S+)/.exec(text)?.[1] ?? [])
  return statements.filter((text) => {
    const [, table] =
      /^(?:alter table|create unique index .* on|insert into) (?:only )?([^\s(]+)/.exec(text) ?? []
    return !(ALLOWED.some((allowed) => allowed.test(text)) || (table !== undefined && own.includes(table)))
  })
}

/** A comment, a text, a name in quotes, a body between dollars, or any other character: what may hold a `;`, whole. */
const PIECE = /--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(\w*)\$[\s\S]*?\$\1\$|[\s\S]/g

/** In lower case, without comments, quotes around names, and doubled spaces. */
function statementsOf(migration: string): string[] {
  const statements = ['']
  for (const [piece] of migration.matchAll(PIECE)) {
    if (piece === ';') statements.push('')
    else statements[statements.length - 1] += /^(--|\/\*)/.test(piece) ? ' ' : piece
  }
  return statements.map(onOneLine).filter((text) => text !== '')
}

function onOneLine(statement: string): string {
  return statement.replaceAll('"', '').replaceAll(/\s+/g, ' ').trim().toLowerCase()
}
