import { DELIVERY_CELLS_MAX, REQUEST_ITEMS_MAX } from '../../limits.ts'
import type { Meter } from '../../model/meter/meter.ts'
import { labelsOf } from '../../model/slices/slice.ts'
import { formatCount } from '../progress.ts'
import type { Options } from './options.ts'
import type { ShownIncrement, Trial } from './trial.ts'

/** Keys that are shown with how many increments each has. */
const KEYS_SHOWN_MAX = 10

/** How long an hour stays open by default. */
export const OPEN_HOURS = 72

/** The findings of a trial, for the person who wrote the meter. */
export function report(trial: Trial, { meters, address }: Options): string {
  return [
    table(trial.shown),
    totals(trial),
    faults(trial),
    largest(trial),
    warnings(trial, meters),
    `Send such records to ${address}`,
  ]
    .filter((part) => part !== '')
    .join('\n\n')
}

function table(shown: readonly ShownIncrement[]): string {
  if (shown.length === 0) return ''
  const isLabelled = shown.some(({ labels = '' }) => labels !== '')
  const head = ['record', 'key', ...(isLabelled ? ['labels'] : []), 'value', 'at', 'id']
  const rows = shown.map(({ index, key, labels, value, atMs, id }) => [
    String(index),
    printable(key),
    ...(isLabelled ? [printable(describeLabels(labels))] : []),
    String(value),
    atMs === undefined ? 'on arrival' : new Date(atMs).toISOString(),
    id === undefined ? '-' : printable(id),
  ])
  const all = [head, ...rows]
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function describeLabels(text = ''): string {
  const labels = Object.entries(labelsOf(text) ?? {})
  return labels.length === 0 ? '-' : labels.map(([name, value]) => `${name}=${value}`).join(' ')
}

/** A terminal obeys control characters, which a record may have in its fields. */
function printable(text: string): string {
  const plain = text.replace(/\p{Cc}/gu, '?')
  return plain.length <= 80 ? plain : `${plain.slice(0, 79)}…`
}

function totals({ gathering, byKey, hours }: Trial): string {
  const { records, increments, zeros, unmatched, refused } = gathering
  const parts = [
    `${formatCount(records)} records make ${formatCount(increments)} increments of ${formatCount(byKey.size)} keys`,
    hours > 0 ? ` in ${formatCount(hours)} ${hours === 1 ? 'hour' : 'hours'}` : '',
  ]
  const others = [
    refused > 0 ? `${formatCount(refused)} refused` : '',
    unmatched > 0 ? `${formatCount(unmatched)} that no meter is for` : '',
    zeros > 0 ? `${formatCount(zeros)} of 0, which count nothing` : '',
  ].filter((text) => text !== '')
  return `${parts.join('')}.${others.length === 0 ? '' : ` Beside them: ${others.join(', ')}.`}`
}

function faults({ gathering }: Trial): string {
  const told = gathering.faults.map(
    ({ index, path, message }) => `  record ${index}: ${path === '' ? '' : `${path} `}${message}`,
  )
  return told.length === 0 ? '' : `Would not be counted:\n${told.join('\n')}`
}

function largest({ byKey }: Trial): string {
  const most = [...byKey].sort(([, a], [, b]) => b - a).slice(0, KEYS_SHOWN_MAX)
  if (byKey.size <= 1) return ''
  return `Most increments:\n${most.map(([key, count]) => `  ${formatCount(count)}  ${printable(key)}`).join('\n')}`
}

function warnings(trial: Trial, meters: readonly Meter[]): string {
  const { gathering, negative, untimely, excess } = trial
  const all = [
    ...meters.flatMap((meter) => warningsOf(meter)),
    gathering.records === 1 && !meters.every(({ hasId }) => hasId)
      ? 'This is a single record without an id: if it is sent again, it counts again.'
      : '',
    gathering.records > REQUEST_ITEMS_MAX && meters.some(({ hasId }) => hasId)
      ? `In a request of more than ${formatCount(REQUEST_ITEMS_MAX)} records ids are not used: it counts once as a whole.`
      : '',
    excess === 'cells'
      ? `These are more than ${formatCount(DELIVERY_CELLS_MAX)} keys and hours, too many for one request. The field \`${gathering.mostVaried}\` has the most values.`
      : '',
    excess === 'records' ? 'These are too many records for one request.' : '',
    negative > 0 ? `${formatCount(negative)} have negative values, which need the scope adjust.` : '',
    untimely > 0
      ? `${formatCount(untimely)} are of hours that are not open now: an hour takes increments until ${OPEN_HOURS} hours after its end, by the default LATE_HOURS.`
      : '',
  ]
  const told = all.filter((text) => text !== '')
  return told.length === 0 ? '' : `Mind:\n${told.map((text) => `- ${text}`).join('\n')}`
}

function warningsOf({ name, hasTime, hasId, countsAgain }: Meter): string[] {
  const who = name === '' ? 'This meter' : `The meter ${name}`
  const time = `${who} has no \`at\`, so records count in the hour of their arrival. What is sent again in the next hour counts again.`
  const repeat = `${who} has "repeat": "count", so what a client sends again counts again.`
  const id = `${who} has no \`id\`, so a single record that is sent again counts again. Several in one request count once by their bytes.`
  return [hasTime || countsAgain ? '' : time, countsAgain ? repeat : '', hasId || countsAgain ? '' : id]
}
