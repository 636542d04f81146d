import { registerHooks } from 'node:module'

const RUNTIME = new URL('./durable-object.ts', import.meta.url).href

/** Puts the simulation's base class in place of the platform's own module. Imported for its effect, before src is. */
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'cloudflare:workers'
      ? { url: RUNTIME, format: 'module-typescript', shortCircuit: true }
      : next(specifier, context),
})
