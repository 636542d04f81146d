import { registerHooks } from 'node:module'

/**
 * Bounds of src/limits.ts made small, so that a run of seconds folds journals, cuts backlogs into many batches and
 * comes up against what is full. Everything else of the production code is loaded as it stands.
 */
const SMALLER: Readonly<Record<string, number>> = {
  BATCH_CELLS_MAX: 3,
  FLUSH_CELLS: 12,
  FLIGHT_BYTES_MAX: 4_096,
  WAITING_BYTES_PER_SHARD_MAX: 16_384,
  WAITING_BYTES_MAX: 32_768,
  FOLD_BYTES: 600,
  SENDERS_MAX: 40,
}

const RUNTIME = new URL('./durable-object.ts', import.meta.url).href

/**
 * Loads the platform's own module from here, and the bounds with smaller numbers. Imported for its effect, before
 * anything of src is.
 */
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'cloudflare:workers'
      ? { url: RUNTIME, format: 'module-typescript', shortCircuit: true }
      : next(specifier, context),
  load(url, context, next) {
    const loaded = next(url, context)
    if (!url.endsWith('/src/limits.ts')) return loaded
    return { ...loaded, source: shrunk(String(loaded.source)) }
  },
})

function shrunk(source: string): string {
  return Object.entries(SMALLER).reduce((text, [name, value]) => {
    const changed = text.replace(new RegExp(`export const ${name} = .*`), `export const ${name} = ${value}`)
    if (changed === text) throw new Error(`there is no bound ${name}`)
    return changed
  }, source)
}
