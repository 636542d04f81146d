/**
 * Whether this run takes the time for everything, as `npm run test:long` does. `npm test` has a part of the random cases, and
 * asks PostgreSQL what would take as long again on PGlite.
 */
export const IS_THOROUGH = process.env['SUMDIAL_THOROUGH'] === '1'

/** How many random cases this run has, where a thorough one has `all`. */
export const casesOf = (all: number): number => (IS_THOROUGH ? all : Math.ceil(all / 4))
