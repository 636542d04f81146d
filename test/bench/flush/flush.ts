import { joinOutcomes, type Scenario } from '../scenario.ts'
import { measureAlarm } from './alarm.ts'
import { measureCells } from './cells.ts'

export const FLUSH: Scenario<'rounds'> = {
  name: 'flush',
  shows:
    'The way from a shard to a real PostgreSQL. cells: 10,000 and 50,000 cells through the sink and each driver, ' +
    'beside a plain pg client. alarm: a shard in workerd that holds as many, from its alarm until all are settled.',
  parts: ['cells', 'alarm'],
  settings: {
    rounds: { usual: 4, quick: 1, is: 'rounds of cells and alarm; four times as many of 10,000 cells' },
  },
  async measure({ settings: { rounds }, wants, progress }) {
    return joinOutcomes({
      ...(wants('cells') && { cells: await measureCells(rounds, progress) }),
      ...(wants('alarm') && { alarm: await measureAlarm(rounds, progress) }),
    })
  },
}
