/** A bench as a command: what its options are, and what it does with them. */
export type Command<Options> = {
  readonly help: string
  /** @throws TypeError, with what is wrong in words for the person who called. */
  readonly parse: (args: readonly string[]) => Options | 'help'
  /** @returns the exit code: 0, or 1 when anything was not as it should be. */
  readonly run: (options: Options) => Promise<number>
}

/** @returns the exit code: that of `run`; 0 for help; 2 when the call was wrong. */
export async function runCommand<Options extends object>(
  { help, parse, run }: Command<Options>,
  args: readonly string[],
): Promise<number> {
  let options: Options | 'help'
  try {
    options = parse(args)
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${help}`)
    return 2
  }
  if (options !== 'help') return run(options)
  console.log(help)
  return 0
}
