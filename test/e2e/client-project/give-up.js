import { createClient } from 'sumdial/client'

// Nobody is there: close() keeps the process alive up to its deadline, and no longer.
const sumdial = createClient({ url: process.argv[2], onGiveUp: (_, { kind }) => console.log(kind) })
sumdial.increment('client/lost')
await sumdial.close({ deadlineMs: 500 })
console.log(`held ${sumdial.held}`)
