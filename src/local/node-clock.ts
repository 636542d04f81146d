import { setTimeout as sleep } from 'node:timers/promises'
import { type Clock, clock } from '../clock.ts'

/** Node's own time, timers and chance. */
export const nodeClock: Clock = { ...clock, sleep: (ms) => sleep(ms) }
