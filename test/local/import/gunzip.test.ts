import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { decompressed, refuseDamaged, UnreadableInput } from '../../../src/local/import/gunzip.ts'
import { accept } from '../scripted-worker.ts'
import { figures, importing, logOf, serve } from './rig.ts'

async function textOf(bytes: Buffer, size = 7): Promise<string> {
  const chunks: Buffer[] = []
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size))
  const parts: Buffer[] = []
  for await (const part of decompressed(Readable.from(chunks))) parts.push(part)
  return Buffer.concat(parts).toString('latin1')
}

const MEMBERS = Buffer.concat(['one\n', '', 'two\n'].map((text) => gzipSync(text)))

describe('an input', () => {
  test.each([1, 2, 3, 24, 1_000])('of several gzip members is one text, in chunks of %d', async (size) => {
    expect(await textOf(MEMBERS, size)).toBe('one\ntwo\n')
  })

  test.each(['', '\u001f', '\u001fx', 'plain'])('that is no gzip is as it is: %j', async (text) => {
    expect(await textOf(Buffer.from(text, 'latin1'), 1)).toBe(text)
  })

  test('that is cut off says how many bytes it had', async () => {
    const cut = textOf(MEMBERS.subarray(0, -5))
    await expect(cut).rejects.toThrow(UnreadableInput)
    await expect(cut).rejects.toThrow(
      `The gzip data ends too early, after ${MEMBERS.length - 5} bytes: the file is incomplete.`,
    )
  })

  test('that is damaged, or followed by anything else, is refused', async () => {
    const damaged = Buffer.from(MEMBERS)
    damaged.writeUInt8(damaged.readUInt8(14) ^ 0xff, 14)
    await expect(textOf(damaged)).rejects.toThrow('The gzip data is damaged')
    await expect(textOf(Buffer.concat([MEMBERS, Buffer.from('more')]))).rejects.toThrow(UnreadableInput)
  })

  test.each([1, 7, 1_000])(
    'that goes on behind a zero byte says so, because zlib would stop in silence: chunks of %d',
    async (size) => {
      for (const more of [MEMBERS, Buffer.from('more'), Buffer.of()]) {
        const read = textOf(Buffer.concat([MEMBERS, Buffer.of(0), more]), size)
        await expect(read).rejects.toThrow(
          `The gzip data ends after ${MEMBERS.length} bytes, and more follows that is not gzip. Unpack it first: \`gzip -dc FILE | npm run import\`.`,
        )
      }
    },
  )
})

test('of a file that is cut off only complete batches are counted, so that the whole file counts the rest', async () => {
  const server = await serve(({ items }, _, response) => accept(response, items.length))
  const bytes = gzipSync(logOf(200), { level: 0 })
  const outcome = await importing([bytes.subarray(0, bytes.length / 2)], { url: server.url })
  const { accepted = 0, unsent = 0 } = figures(outcome) as { accepted?: number; unsent?: number }
  expect([accepted % 10, unsent < 10, outcome.code]).toEqual([0, true, 1])
  expect(accepted).toBeGreaterThan(50)
  expect(outcome.summary).toMatch(/Stopped: The gzip data ends too early, .* Read up to line \d+\./)
  expect(outcome.summary).toContain('Run the same command again')
})

describe('one damaged byte, which deflate reads on after,', () => {
  const damaged = gzipSync(logOf(2_000))
  damaged.writeUInt8(damaged.readUInt8(400) ^ 1, 400)

  test('stops a file before anything of it is sent; one that is cut off is read as far as it goes', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sumdial-gzip-'))
    const file = join(folder, 'access.log.gz')
    try {
      writeFileSync(file, damaged)
      await expect(refuseDamaged(file)).rejects.toThrow('The gzip data is damaged')
      for (const good of [
        gzipSync('one\n'),
        gzipSync(logOf(200)).subarray(0, 300),
        Buffer.from('plain'),
        Buffer.alloc(0),
      ]) {
        writeFileSync(file, good)
        await refuseDamaged(file)
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test('in a pipe, whose lines are sent as they come, is not said to be safe to repeat', async () => {
    const server = await serve(({ items }, _, response) => accept(response, items.length))
    const { summary, code } = await importing([damaged], { url: server.url })
    expect(code).toBe(1)
    expect(summary).not.toContain('Run the same command again')
    expect(summary).toContain('compare the sums first')
  })
})
