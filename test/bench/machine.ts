import os from 'node:os'
import { workerdVersion } from '../support/served.ts'

/** When and where figures were taken: date, machine, versions. */
export function describeMachine(): string {
  const [cpu] = os.cpus()
  const memory = Math.round(os.totalmem() / 2 ** 30)
  const machine = `${os.cpus().length} x ${cpu?.model.trim() ?? 'unknown'}, ${memory} GiB, ${os.type()} ${os.release()}`
  return `${new Date().toISOString()}\n${machine}\nnode ${process.version}, workerd ${workerdVersion()}`
}
