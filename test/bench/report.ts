import os from 'node:os'
import { workerdVersion } from '../support/served.ts'
import { table } from './table.ts'

/** A figure beside what it should be. */
export type Aim = {
  readonly what: string
  /** With its spread, where it has one. */
  readonly value: string
  /** Empty where the figure is only shown. */
  readonly wanted: string
  /** Null where the figure is only shown. */
  readonly isReached: boolean | null
}

export function describeAims(aims: readonly Aim[]): string {
  const rows = aims.map(({ what, value, wanted, isReached }) => [
    what,
    value,
    wanted,
    isReached === null ? '' : isReached ? 'yes' : 'no',
  ])
  return table(['aim', 'value (least to most)', 'wanted', 'reached'], rows)
}

/** When and where figures were taken: the date, the machine, the versions of Node and workerd. */
export function describeMachine(): string {
  const [cpu] = os.cpus()
  const memory = Math.round(os.totalmem() / 2 ** 30)
  const machine = `${os.cpus().length} x ${cpu?.model.trim() ?? 'unknown'}, ${memory} GiB, ${os.type()} ${os.release()}`
  return `${new Date().toISOString()}\n${machine}\nnode ${process.version}, workerd ${workerdVersion()}`
}

/** The machine's load over the last minute, because other work on it shows in the latencies. */
export function describeLoad(): string {
  const [minute = Number.NaN] = os.loadavg()
  return `load average ${minute.toFixed(1)} on ${os.cpus().length} cores`
}
