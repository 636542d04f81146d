export { nodeClock } from '../../src/local/node-clock.ts'
