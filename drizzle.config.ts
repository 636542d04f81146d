import { defineConfig } from 'drizzle-kit'

export default defineConfig({
  dialect: 'postgresql',
  schema: ['./src/postgres/schema.ts', './src/postgres/views.ts'],
  out: './migrations',
  schemaFilter: ['sumdial'],
  migrations: { schema: 'sumdial', table: 'migrations' },
})
