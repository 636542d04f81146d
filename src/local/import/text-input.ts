import { decompressed, UnreadableInput } from './gunzip.ts'

/** How inputs begin that are no text, and what they are. */
const MAGIC: readonly (readonly [name: string, magic: Buffer])[] = [
  ['a zip archive', Buffer.from('PK\x03\x04')],
  ['bzip2', Buffer.from('BZh')],
  ['xz', Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0])],
  ['zstd', Buffer.from([0x28, 0xb5, 0x2f, 0xfd])],
  ['lz4', Buffer.from([0x04, 0x22, 0x4d, 0x18])],
  ['a 7z archive', Buffer.from([0x37, 0x7a, 0xbc, 0xaf])],
  ['a PDF', Buffer.from('%PDF')],
  ['a SQLite database', Buffer.from('SQLite format 3\0')],
  ['a Parquet file', Buffer.from('PAR1')],
]

const UTF16_MARKS = [Buffer.from([0xff, 0xfe]), Buffer.from([0xfe, 0xff])]

/** Bytes of the beginning that are looked at, as far as the first chunk has them. */
const SAMPLE_BYTES = 4_096
/** Enough for nearly all magic numbers. */
const HEAD_BYTES = 4

/**
 * The bytes of a text, decompressed.
 *
 * @throws UnreadableInput for what is no text in UTF-8 or near it.
 */
export async function* inputTextOf(input: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  let head: Buffer | null = Buffer.alloc(0)
  for await (const chunk of decompressed(input)) {
    if (head === null) {
      yield chunk
      continue
    }
    head = Buffer.concat([head, chunk])
    if (head.length < HEAD_BYTES) continue
    yield checkedHead(head)
    head = null
  }
  if (head !== null) yield checkedHead(head)
}

function checkedHead(head: Buffer): Buffer {
  const sample = head.subarray(0, SAMPLE_BYTES)
  const [name] = MAGIC.find(([, magic]) => startsWith(sample, magic)) ?? []
  if (name !== undefined) throw new UnreadableInput(`The input is ${name}, not text. Unpack it first.`)
  if (UTF16_MARKS.some((mark) => startsWith(sample, mark)) || isEverySecondZero(sample))
    throw new UnreadableInput(
      'The input is UTF-16. Convert it first: `iconv -f UTF-16 -t UTF-8 FILE | npm run import`.',
    )
  if (isBinary(sample)) throw new UnreadableInput('The input is not text: it is a binary file.')
  return head
}

function startsWith(bytes: Buffer, magic: Buffer): boolean {
  return bytes.subarray(0, magic.length).equals(magic)
}

/** As UTF-16 without a mark writes what is mostly ASCII. */
function isEverySecondZero(sample: Buffer): boolean {
  if (sample.length < HEAD_BYTES) return false
  const zeros = [0, 1].map((from) => sample.filter((byte, i) => i % 2 === from && byte === 0).length)
  const [even = 0, odd = 0] = zeros
  return Math.max(even, odd) > sample.length / 4 && Math.min(even, odd) < sample.length / 50
}

/**
 * One byte in twenty of a text is never a control character. A log may begin with zeros, because it was cut while it
 * was open.
 */
function isBinary(sample: Buffer): boolean {
  const from = sample.findIndex((byte) => byte !== 0)
  const rest = from === -1 ? Buffer.alloc(0) : sample.subarray(from)
  const controls = rest.filter((byte) => byte === 0x7f || (byte < 0x20 && !(byte >= 0x09 && byte <= 0x0d)))
  return controls.length * 20 > rest.length
}
