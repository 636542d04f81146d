/**
 * Runs `work` when this process ends, by itself or by a signal: what a test has started must not outlive it.
 *
 * @returns how to call that off.
 */
export function onExit(work: () => void): () => void {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  const onSignal = (signal: NodeJS.Signals) => {
    work()
    forget()
    process.kill(process.pid, signal)
  }
  const forget = () => {
    process.off('exit', work)
    for (const signal of signals) process.off(signal, onSignal)
  }
  process.on('exit', work)
  for (const signal of signals) process.on(signal, onSignal)
  return forget
}
