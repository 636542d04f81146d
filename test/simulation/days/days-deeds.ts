import { retryParked } from '../administrator.ts'
import type { World } from '../world.ts'
import { runCrons } from './cron.ts'

const HOUR_MS = 3_600_000

/** Lets the cron, an import or an administrator do something to days. */
export function actOnDays(world: World): void {
  const { chance, faults, isOn } = world.days
  if (!isOn) return
  if (chance.is(0.25)) runCrons(world)
  // Soon, so that a cron that has begun just now is met in the middle of its work.
  if (faults.strikes('lateBatch')) world.scheduler.after(chance.between(0, 400), '', () => importSome(world))
  if (faults.strikes('retriedLate')) retryParked(world)
}

function importSome(world: World): void {
  const { importers, chance } = world.days
  for (const importer of importers) if (chance.is(0.5)) importer.send(world)
}

/** How long it is until the next deed, when days pass; undefined when they do not. */
export function daysPassMs({ days: { chance, faults } }: World): number | undefined {
  return faults.strikes('daysPass') ? chance.between(2, 40) * HOUR_MS : undefined
}
