import { describe, expect, onTestFinished, test, vi } from 'vitest'
import {
  CommandFailed,
  listenForInterrupts,
  main,
  parseFlags,
  parseUrl,
  parseWholeNumber,
  parseWorkerAddress,
  resolvePath,
  UsageError,
} from '../../src/local/cli.ts'

const FLAGS = { port: { type: 'string' }, 'dry-run': { type: 'boolean' } } as const

/** All that a person sees of a command that does `run`. */
async function call(run: () => number | undefined, args: readonly string[] = []) {
  const said: string[] = []
  const complaints: string[] = []
  const output = { say: (text: string) => said.push(text), complain: (text: string) => complaints.push(text) }
  const code = await main({ name: 'sample', help: 'The help.', flags: FLAGS, run }, args, output, {})
  return { code, said: said.join('\n'), complaints: complaints.join('\n') }
}

const throwing = (error: Error) => () => {
  throw error
}

describe('a command', () => {
  test('ends with 0, or with the exit code that it gives', async () => {
    expect(await call(() => undefined)).toEqual({ code: 0, said: '', complaints: '' })
    expect((await call(() => 130)).code).toBe(130)
  })

  test.each(['--help', '-h'])('prints its help for %s, whatever else was given', async (flag) => {
    const run = throwing(new UsageError('never called'))
    expect(await call(run, ['--nonsense', flag])).toEqual({ code: 0, said: 'The help.', complaints: '' })
  })

  test('called wrongly, ends with 2, one sentence and where the options are', async () => {
    expect(await call(throwing(new UsageError('The port is taken.')))).toEqual({
      code: 2,
      said: '',
      complaints: 'The port is taken.\nRun `npm run sample -- --help` to see the options.',
    })
  })

  test('that fails for an outside reason ends with 1 and the reason alone', async () => {
    const failed = await call(throwing(new CommandFailed('Postgres is away.')))
    expect(failed).toEqual({ code: 1, said: '', complaints: 'Postgres is away.' })
  })

  test('lets a bug through, with its stack', async () => {
    await expect(call(throwing(new RangeError('a bug')))).rejects.toThrow(RangeError)
  })
})

describe('options', () => {
  test('are read by name, with the arguments that belong to none', () => {
    expect(parseFlags(['--port=1', '--dry-run'], FLAGS).values).toEqual({ port: '1', 'dry-run': true })
    expect(parseFlags(['a', '--port', '1', '-'], FLAGS, { allowPositionals: true }).positionals).toEqual([
      'a',
      '-',
    ])
  })

  test.each([
    [['--prot', '1'], 'There is no option `--prot`. The options are --port, --dry-run.'],
    [['--toString'], 'There is no option `--toString`. The options are --port, --dry-run.'],
    [['-p'], 'There is no option `-p`. The options are --port, --dry-run.'],
    [['--port'], '`--port` needs a value.'],
    [['--port', '-1'], '`--port` needs a value. If `-1` is the value, write `--port=-1`.'],
    [['--dry-run=yes'], '`--dry-run` takes no value: leave out `=yes`.'],
    [['now'], '`now` belongs to no option, and this command takes only options.'],
  ])('%j is refused in words that say what to do', (args, words) => {
    expect(() => parseFlags(args, FLAGS)).toThrow(new UsageError(words))
  })

  test('of a command that takes none', () => {
    expect(() => parseFlags(['--now'], {})).toThrow(
      'There is no option `--now`. This command takes no options.',
    )
  })
})

test('a whole number is refused with the bounds that it has', () => {
  expect(parseWholeNumber('--rate', '10', 1, 10)).toBe(10)
  for (const text of ['0', '11', '1.5', '1e1', '', ' 1', '-1', '99999999999'])
    expect(() => parseWholeNumber('--rate', text, 1, 10)).toThrow(
      new UsageError(`--rate must be a whole number from 1 to 10, not \`${text}\`.`),
    )
})

test('an address is of http or https, and has no password that a process list would show', () => {
  expect(parseUrl('--url', 'https://a.example/x').href).toBe('https://a.example/x')
  for (const text of ['a.example', 'ftp://a.example', ''])
    expect(() => parseUrl('--url', text)).toThrow('--url must be an http or https address')
  const secret = 'https://user:secret@a.example'
  expect(() => parseUrl('SUMDIAL_URL', secret)).toThrow(/^(?!.*secret)SUMDIAL_URL has a password in it/)
})

test('the Worker to call is that of the options, else of the environment, else of npm run dev', () => {
  const env = { SUMDIAL_URL: 'http://b.example', SUMDIAL_TOKEN: 't' }
  expect(parseWorkerAddress({}, {})).toEqual({ url: new URL('http://127.0.0.1:8787'), token: undefined })
  expect(parseWorkerAddress({}, env)).toEqual({ url: new URL('http://b.example'), token: 't' })
  const given = { url: 'http://c.example', token: '' }
  expect(parseWorkerAddress(given, env)).toEqual({ url: new URL('http://c.example'), token: undefined })
})

test('a path is meant from where the person stands, not from where npm runs the command', () => {
  const env = { npm_lifecycle_event: 'import', INIT_CWD: '/home/me/logs' }
  expect(resolvePath('import', '../a.log', env)).toBe('/home/me/a.log')
  expect(resolvePath('import', '/b.log', env)).toBe('/b.log')
  // Started by another script, whose folder is the one that is meant.
  expect(resolvePath('token', 'c.log', env)).toBe(`${process.cwd()}/c.log`)
})

describe('an interrupt', () => {
  /** Listens for this process's signals in place of the test runner. */
  function listen(): AbortSignal {
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
    const before = signals.map((signal) => process.listeners(signal))
    for (const signal of signals) process.removeAllListeners(signal)
    const interrupted = listenForInterrupts()
    onTestFinished(() => {
      for (const [i, signal] of signals.entries()) {
        process.removeAllListeners(signal)
        for (const listener of before[i] ?? []) process.on(signal, listener)
      }
    })
    return interrupted
  }

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    '%s asks the command to finish what it began',
    (signal) => {
      const interrupted = listen()
      process.emit(signal)
      expect(interrupted.aborted).toBe(true)
    },
  )

  test('that npm passes on again is the same one, and a second one ends the process at once', () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    onTestFinished(() => void vi.useRealTimers())
    const exit = vi.spyOn(process, 'exit').mockImplementation(() => undefined as never)
    onTestFinished(() => exit.mockRestore())
    listen()
    process.emit('SIGINT')
    process.emit('SIGINT')
    expect(exit).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1_000)
    process.emit('SIGINT')
    expect(exit).toHaveBeenCalledExactlyOnceWith(130)
  })
})
