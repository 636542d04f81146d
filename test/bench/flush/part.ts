import type { Line } from '../lines.ts'

/** Tells that a step is done, and what it was. */
export type Progress = (text: string) => void

/** One of the questions that the bench asks, with its own tables and aims. */
export type Part = {
  /** As `--only` takes it. */
  readonly name: string
  /** How often `measure` tells that a step is done. */
  readonly steps: (isQuick: boolean) => number
  readonly measure: (stack: AsyncDisposableStack, isQuick: boolean, progress: Progress) => Promise<Found>
}

export type Found = {
  /** Markdown. */
  readonly tables: readonly string[]
  readonly aims: readonly Line[]
  /** For `--json`. */
  readonly figures: unknown
}

export const number = (value: number) => Math.round(value).toLocaleString('en')

export const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`
