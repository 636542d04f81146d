import { test } from 'vitest'
import { makeState, startDev } from '../support/dev.ts'
import { pasteAndStartAgain } from './first-commands.ts'

test('[F5] the first `npm run dev` ever, from its source, makes its Postgres, and its commands count, read back, and find the row within 10 s', async () => {
  const state = makeState()
  await pasteAndStartAgain(await startDev({ state, isFirstEver: true }), state)
})
