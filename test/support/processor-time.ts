/**
 * The milliseconds that a processor worked for this process meanwhile. A busy machine makes the clock on the wall go on, but
 * hardly this one, so a test may have a bound on it that is near.
 */
export async function processorMsOf(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000
}
