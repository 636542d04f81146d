import { labelNameFault, labelValueFault } from '../../model/slices/labels.ts'
import { UNITS, type Unit } from '../../model/time/calendar.ts'
import { RANGES } from '../../model/time/ranges.ts'
import { isDayText, type Period } from './period.ts'

/** Series in one chart. More could not be told apart by colour. */
export const SHOWN_MAX = 5

/** The most filters that the API takes. */
const FILTERS_MAX = 32

/** The rows of a page of each list. A row of the busiest keys has a chart of its own. */
export const PAGE_ROWS = { top: 10, tree: 100 } as const

/** The most keys or groups that the API lists by size; there is no cursor behind them. */
export const LIST_ITEMS_MAX = 1_000

/** The last page of each list: one row behind it must still be asked for, to know whether there are more. */
export const LAST_PAGE = {
  top: Math.floor((LIST_ITEMS_MAX - 1) / PAGE_ROWS.top),
  tree: Math.floor((LIST_ITEMS_MAX - 1) / PAGE_ROWS.tree),
} as const

/** A key or a prefix, as it is charted. */
export type Shown = { readonly kind: 'key' | 'prefix'; readonly name: string }

export type Measure = 'sum' | 'count'

/** The part of the state that all views share. */
type Common = {
  readonly period: Period
  /** An IANA time zone; null for the viewer's own, so that a shared address shows everybody their own time. */
  readonly tz: string | null
  readonly by: Measure
  /** Whether the time before is shown beside the period. */
  readonly isCompared: boolean
}

export type View =
  | (Common & {
      readonly name: 'top'
      readonly prefix: string
      /** A text anywhere in the keys that are listed; empty for all of them. */
      readonly contains: string
      readonly page: number
    })
  | (Common & {
      readonly name: 'chart'
      readonly shown: readonly Shown[]
      /** Null for the unit that suits the period. */
      readonly unit: Unit | null
      readonly isTable: boolean
      /** Breaks a single key or prefix down by this label; null for its sums alone. */
      readonly label: string | null
      /** Counts only what has these labels, of a single key or prefix: `plan:pro`, sorted, as the API takes them. */
      readonly where: readonly string[]
    })
  | (Common & { readonly name: 'tree'; readonly prefix: string; readonly page: number })
  | (Common & { readonly name: 'shards' })

export type Chart = Extract<View, { name: 'chart' }>

const PATHS = { top: '/', chart: '/chart', tree: '/tree', shards: '/shards' } as const

const DAY_PERIOD: Period = { kind: 'named', range: '24h' }

/** The address of a view: the inverse of `parseView`. Defaults are left out. */
export function addressOf(view: View): string {
  const search = new URLSearchParams()
  if (view.name === 'chart') for (const { kind, name } of view.shown) search.append(kind, name)
  if ((view.name === 'top' || view.name === 'tree') && view.prefix !== '') search.set('prefix', view.prefix)
  if (view.name === 'top' && view.contains !== '') search.set('contains', view.contains)
  const { period, tz, by } = view
  if (period.kind === 'days') {
    search.set('from', period.from)
    search.set('to', period.to)
  } else if (period.range !== '24h') search.set('range', period.range)
  if (view.name === 'chart' && view.unit !== null) search.set('bucket', view.unit)
  if (view.name === 'chart' && view.label !== null) search.set('label', view.label)
  if (view.name === 'chart') for (const condition of view.where) search.append('where', condition)
  if (by !== 'sum') search.set('by', by)
  if (!view.isCompared) search.set('compare', 'none')
  if (tz !== null) search.set('tz', tz)
  if ((view.name === 'top' || view.name === 'tree') && view.page > 1) search.set('page', String(view.page))
  if (view.name === 'chart' && view.isTable) search.set('table', '1')
  const text = search.toString().replaceAll('%2F', '/').replaceAll('%3A', ':')
  return PATHS[view.name] + (text === '' ? '' : `?${text}`)
}

/** The view of an address. Parameters that are wrong are ignored. */
export function parseView(pathname: string, search: string): View {
  const parameters = new URLSearchParams(search)
  const common: Common = {
    period: parsePeriod(parameters),
    tz: parameters.get('tz'),
    by: parameters.get('by') === 'count' ? 'count' : 'sum',
    isCompared: parameters.get('compare') !== 'none',
  }
  const prefix = parameters.get('prefix') ?? ''
  switch (pathname) {
    case PATHS.chart: {
      const chart = {
        ...common,
        name: 'chart' as const,
        unit: UNITS.find((unit) => unit === parameters.get('bucket')) ?? null,
        isTable: parameters.get('table') === '1',
        label: parameters.getAll('label').find((name) => labelNameFault(name) === undefined) ?? null,
        where: conditionsOf(parameters.getAll('where').filter(isCondition)),
      }
      return withShown(chart, parseShown(parameters))
    }
    case PATHS.tree:
      return { ...common, name: 'tree', prefix, page: parsePage(parameters, LAST_PAGE.tree) }
    case PATHS.shards:
      return { ...common, name: 'shards' }
    default:
      return {
        ...common,
        name: 'top',
        prefix,
        contains: parameters.get('contains') ?? '',
        page: parsePage(parameters, LAST_PAGE.top),
      }
  }
}

/** Pages count from 1. */
function parsePage(parameters: URLSearchParams, last: number): number {
  const text = parameters.get('page') ?? ''
  const page = /^[1-9]\d{0,2}$/.test(text) ? Number(text) : 1
  return page <= last ? page : 1
}

function parsePeriod(parameters: URLSearchParams): Period {
  const [from, to] = [parameters.get('from') ?? '', parameters.get('to') ?? '']
  if (isDayText(from) && isDayText(to) && from <= to) return { kind: 'days', from, to }
  const range = RANGES.find((each) => each === parameters.get('range'))
  return range === undefined ? DAY_PERIOD : { kind: 'named', range }
}

/** Keys and prefixes in the order of the address, without repetitions. */
function parseShown(parameters: URLSearchParams): Shown[] {
  const shown: Shown[] = []
  for (const [kind, name] of parameters) {
    if ((kind !== 'key' && kind !== 'prefix') || (kind === 'key' && name === '')) continue
    if (!hasShown(shown, { kind, name })) shown.push({ kind, name })
  }
  return shown.slice(0, SHOWN_MAX)
}

/** Whether a text is `plan:pro`, or `plan:` for what has no such label. */
function isCondition(text: string): boolean {
  const end = text.indexOf(':')
  if (end === -1 || labelNameFault(text.slice(0, end)) !== undefined) return false
  return end === text.length - 1 || labelValueFault(text.slice(end + 1)) === undefined
}

/** Conditions in the order of an address, without repetitions and with those on one label together. */
export function conditionsOf(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].toSorted().slice(0, FILTERS_MAX)
}

/** The chart of other keys and prefixes. Only a single one is broken down or filtered. */
export function withShown(chart: Omit<Chart, 'shown'>, shown: readonly Shown[]): Chart {
  return shown.length === 1 ? { ...chart, shown } : { ...chart, shown, label: null, where: [] }
}

export function hasShown(shown: readonly Shown[], { kind, name }: Shown): boolean {
  return shown.some((each) => each.kind === kind && each.name === name)
}

/** A chart with the period, zone and measure of another view. */
export function chartOf(view: View, ...shown: readonly Shown[]): View {
  return { ...commonOf(view), name: 'chart', shown, unit: null, isTable: false, label: null, where: [] }
}

export function topOf(view: View, prefix = ''): View {
  return { ...commonOf(view), name: 'top', prefix, contains: '', page: 1 }
}

export function treeOf(view: View, prefix = ''): View {
  return { ...commonOf(view), name: 'tree', prefix, page: 1 }
}

export function shardsOf(view: View): View {
  return { ...commonOf(view), name: 'shards' }
}

/** A view with another period, zone or measure. Its list begins at its first page, because it is another list. */
export function changed(view: View, change: Partial<Common>): View {
  const isList = view.name === 'top' || view.name === 'tree'
  return isList ? { ...view, ...change, page: 1 } : { ...view, ...change }
}

function commonOf({ period, tz, by, isCompared }: View): Common {
  return { period, tz, by, isCompared }
}
