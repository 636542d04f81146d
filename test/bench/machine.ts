import os from 'node:os'
import { workerdVersion } from '../support/served.ts'

/** When and where figures were taken: date, machine, versions. */
export function describeMachine(): string {
  const [cpu] = os.cpus()
  const memory = Math.round(os.totalmem() / 2 ** 30)
  const machine = `${os.cpus().length} x ${cpu?.model.trim() ?? 'unknown'}, ${memory} GiB, ${os.type()} ${os.release()}`
  return `${new Date().toISOString()}\n${machine}\nnode ${process.version}, workerd ${workerdVersion()}`
}

/** Of the machine, over the last minute: other work on it shows in the latencies. */
export function describeLoad(): string {
  const [minute = Number.NaN] = os.loadavg()
  return `load average ${minute.toFixed(1)} on ${os.cpus().length} cores`
}
