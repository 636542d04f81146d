/** A form of an answer, and the parameters that a client may name with it. */
type Form = {
  readonly type: string
  readonly subtype: string
  readonly parameters: Readonly<Record<string, string>>
}

const JSON_FORM: Form = { type: 'application', subtype: 'json', parameters: { charset: 'utf-8' } }
const CSV_FORM: Form = { type: 'text', subtype: 'csv', parameters: { charset: 'utf-8', header: 'present' } }

/**
 * Whether a client would rather have CSV than JSON. JSON is for everyone else, also for whoever takes neither. Source: RFC 9110,
 * section 12.5.1; of the ranges that match a form, the most specific one has its weight.
 */
export function prefersCsv(accept: string | null): boolean {
  if (accept === null) return false
  const ranges = accept.toLowerCase().split(',').flatMap(mediaRangeOf)
  return weightOf(CSV_FORM, ranges) > weightOf(JSON_FORM, ranges)
}

/** A media range of the header, such as `text/*;q=0.5`. */
type MediaRange = {
  readonly type: string
  readonly subtype: string
  readonly parameters: readonly (readonly [name: string, value: string])[]
  readonly weight: number
}

const WEIGHT = /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/

/** None for what is no range. A comma in a quoted value parts it in two, but no parameter of ours has one. */
function mediaRangeOf(text: string): MediaRange[] {
  const [name = '', ...rest] = text.split(';').map((part) => part.trim())
  const [type = '', subtype = '', more] = name.split('/')
  if (type === '' || subtype === '' || more !== undefined) return []
  const given = rest
    .filter((part) => part !== '')
    .map((part): [string, string] => {
      const [parameter = '', value = ''] = part.split('=')
      return [parameter, value.replace(/^"(.*)"$/, '$1')]
    })
  const [, q = '1'] = given.find(([parameter]) => parameter === 'q') ?? []
  if (!WEIGHT.test(q)) return []
  return [{ type, subtype, parameters: given.filter(([parameter]) => parameter !== 'q'), weight: Number(q) }]
}

function weightOf(form: Form, ranges: readonly MediaRange[]): number {
  const own = ranges.filter((range) => covers(range, form))
  const most = Math.max(...own.map(precision))
  return Math.max(0, ...own.filter((range) => precision(range) === most).map(({ weight }) => weight))
}

function covers({ type, subtype, parameters }: MediaRange, form: Form): boolean {
  const isOfType =
    type === form.type ? subtype === '*' || subtype === form.subtype : `${type}/${subtype}` === '*/*'
  return isOfType && parameters.every(([name, value]) => form.parameters[name] === value)
}

function precision({ type, subtype, parameters }: MediaRange): number {
  return Number(type !== '*') + Number(subtype !== '*') + parameters.length
}
