import { registerHooks } from 'node:module'

const RUNTIME = new URL('./durable-object.ts', import.meta.url).href

/**
 * Puts the simulation's base class in place of the platform's module. Imported for this effect, before anything of
 * src.
 */
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'cloudflare:workers'
      ? { url: RUNTIME, format: 'module-typescript', shortCircuit: true }
      : next(specifier, context),
})
