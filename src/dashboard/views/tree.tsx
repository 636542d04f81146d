import type { List, ListItem } from '../../client/answers.ts'
import type { CsvRows } from '../../model/text/csv.ts'
import type { Zone } from '../../model/time/zone.ts'
import type { Figures } from '../data/answers.ts'
import { useOver, usePage } from '../data/context.ts'
import { useAnswer } from '../data/hooks.ts'
import { fraction, grouped } from '../data/numbers.ts'
import type { Period } from '../data/period.ts'
import { type FindBefore, readBefore, readEvery, readKeyTotal, readPageOfLargest } from '../data/read.ts'
import { largest, measureOf } from '../data/series.ts'
import { chartOf, topOf, treeOf, type View } from '../data/view.ts'
import { visible } from '../data/visible.ts'
import { Breadcrumbs } from '../parts/breadcrumbs.tsx'
import { Coarse } from '../parts/chart/coarse.tsx'
import { CompareChoice, MeasureChoice, PeriodChoice, ZoneChoice } from '../parts/controls.tsx'
import { CsvOfAll } from '../parts/csv/csv-of-all.tsx'
import { KeyName } from '../parts/key-name.tsx'
import { Link, PageLinks } from '../parts/link.tsx'
import { MeasureCells, MeasureHeads } from '../parts/measure.tsx'
import { BehindTheEnd } from '../parts/nothing.tsx'
import { inPeriod } from '../parts/period-words.ts'
import { ShownName } from '../parts/shown-name.tsx'
import { Empty, Failed, Loading } from '../parts/states.tsx'
import { Unreadable } from '../parts/unreadable.tsx'

type Tree = Extract<View, { name: 'tree' }>

type TreeLevel = {
  readonly prefix: string
  readonly list: List & { readonly page: number; readonly hasMore: boolean }
  /** The key that has the group's own name. It is listed with the group's children. */
  readonly own: (ListItem & { readonly before: Figures | undefined }) | undefined
  /** The time before; undefined where it is not compared, or cannot be added up. */
  readonly findBefore: FindBefore | undefined
}

/** The Tree view: keys by their segments, one level at a time. */
export function TreeView({ view }: { readonly view: Tree }) {
  const { zone } = usePage()
  const { prefix, period, by, isCompared, page } = view
  const name = JSON.stringify([prefix, period, zone.name, by, isCompared, page])
  const asked = useAnswer(name, async (signal): Promise<TreeLevel> => {
    const level = { prefix, period, zone, by, depth: 1 }
    const [list, own, findBefore] = await Promise.all([
      readPageOfLargest({ ...level, name: 'tree', page }, signal),
      readOwn({ prefix, period, zone, isCompared }, signal),
      isCompared ? readBefore(level, signal).catch(() => undefined) : undefined,
    ])
    return { prefix, list, own, findBefore }
  })
  useOver(asked.failure)
  const level = asked.value?.prefix === prefix ? asked.value : undefined
  return (
    <>
      <div class="head">
        <Breadcrumbs view={view} />
      </div>
      <div class="controls">
        <PeriodChoice />
        <CompareChoice />
        <MeasureChoice />
        <ZoneChoice />
      </div>
      {asked.failure !== undefined ? (
        <Failed failure={asked.failure} again={asked.again} isBanner={level !== undefined} />
      ) : null}
      {level === undefined && asked.failure === undefined ? <Loading isSlow={asked.isSlow} /> : null}
      {level === undefined ? null : <Groups view={view} level={level} isBusy={asked.isLoading} />}
      <Coarse ranges={level?.list.coarse ?? []} />
    </>
  )
}

type OwnQuery = {
  readonly prefix: string
  readonly period: Period
  readonly zone: Zone
  readonly isCompared: boolean
}

/** The key that has the group's own name, if there is one. */
async function readOwn(
  { prefix, period, zone, isCompared }: OwnQuery,
  signal: AbortSignal,
): Promise<TreeLevel['own']> {
  const key = prefix.replace(/\/$/, '')
  if (key === '') return undefined
  try {
    const own = await readKeyTotal({ key, period, zone, isCompared }, signal)
    return own && { ...own.item, before: own.before, keys: 1, isKey: true }
  } catch (error) {
    // A token for the keys below the group may not read the group's own key.
    if (signal.aborted) throw error
    return undefined
  }
}

type GroupsProps = { readonly view: Tree; readonly level: TreeLevel; readonly isBusy: boolean }

function Groups({ view, level: { list, own, prefix, findBefore }, isBusy }: GroupsProps) {
  const { zone } = usePage()
  const { by, period } = view
  const isCut = list.page > 1 || list.hasMore
  const withOwn = (groups: readonly ListItem[]) => (own === undefined ? groups : [own, ...groups])
  const items = list.page === 1 ? withOwn(list.items) : list.items
  if (items.length === 0 && list.page > 1) return <BehindTheEnd view={view} />
  if (items.length === 0) {
    return (
      <Empty title="Nothing was counted here">
        <p>
          No key{' '}
          {prefix === '' ? null : (
            <>
              under <KeyName name={prefix} />{' '}
            </>
          )}
          was counted {inPeriod(view.period)}.
        </p>
      </Empty>
    )
  }
  const value = (item: ListItem) => measureOf(item, by)
  const all = items.map(value).reduce((a, b) => a + b, 0n)
  const most = largest(items.map(value))
  const read = async (signal: AbortSignal) => {
    const { items: groups, isWhole } = await readEvery({ prefix, period, zone, by, depth: 1 }, signal)
    return { rows: withOwn(groups).map(rowOf), isWhole }
  }
  return (
    <>
      <section class="card" aria-label="Groups" aria-busy={isBusy}>
        <table class="ranking tree">
          <thead>
            <tr>
              <th scope="col">Segment</th>
              <th scope="col" class="number keys">
                Keys
              </th>
              <MeasureHeads by={by} isCompared={findBefore !== undefined} />
              <th scope="col">
                <span class="unseen">Chart</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {items.map((item) => (
              <Group
                key={`${item === own} ${item.key}`}
                view={view}
                item={item}
                prefix={prefix}
                isOwn={item === own}
              >
                <MeasureCells
                  by={by}
                  now={item}
                  before={item === own ? own.before : findBefore?.(item.key)}
                  isCompared={findBefore !== undefined}
                  whole={isCut ? undefined : all}
                />
                <meter class="share" min={0} max={1} value={fraction(value(item), most)} aria-hidden="true" />
              </Group>
            ))}
          </tbody>
        </table>
      </section>
      <Unreadable rows={list.unreadable ?? []} />
      <PageLinks view={view} page={list.page} hasMore={list.hasMore} />
      <p class="more">
        {isCut ? (
          <Link to={topOf(view, prefix)}>Search among the busiest keys</Link>
        ) : (
          <span class="hint">{grouped(all)} in all</span>
        )}
        <Link to={chartOf(view, { kind: 'prefix', name: prefix })}>
          Chart of <ShownName shown={{ kind: 'prefix', name: prefix }} />
        </Link>
        <CsvOfAll file="sumdial-tree.csv" head={COLUMNS} read={read} />
      </p>
    </>
  )
}

const COLUMNS = ['group', 'keys', 'sum', 'count', 'min', 'max']

function rowOf({ key, keys, sum, count, min, max }: ListItem): CsvRows[number] {
  return [key, keys ?? 1, sum, count, min, max]
}

type Child = preact.ComponentChild

type GroupProps = {
  readonly view: Tree
  readonly item: ListItem
  readonly prefix: string
  readonly isOwn: boolean
  readonly children: readonly [cells: Child, meter: Child]
}

function Group({ view, item, prefix, isOwn, children: [cells, meter] }: GroupProps) {
  const keys = item.keys ?? 1
  const isBranch = !isOwn && keys > (item.isKey === true ? 1 : 0)
  const name = isOwn ? item.key : item.key.slice(prefix.length)
  const below = `${item.key}/`
  const chart = isBranch
    ? ({ kind: 'prefix', name: below } as const)
    : ({ kind: 'key', name: item.key } as const)
  return (
    <tr>
      <th scope="row">
        {meter}
        <Link to={isBranch ? treeOf(view, below) : chartOf(view, chart)} title={visible(item.key)}>
          {name === '' ? '(empty)' : <KeyName name={name} />}
          {isBranch ? <span class="slash">/</span> : null}
        </Link>
        {isOwn ? <span class="hint"> the key itself</span> : null}
      </th>
      <td class="number keys">{isBranch ? grouped(keys) : ''}</td>
      {cells}
      <td class="to-chart">
        <Link to={chartOf(view, chart)} aria-label={`Chart of ${visible(chart.name)}`}>
          Chart
        </Link>
      </td>
    </tr>
  )
}
