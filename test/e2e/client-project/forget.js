import { createClient } from 'sumdial/client'

// Neither flushed nor closed: the process ends all the same.
const sumdial = createClient({ url: process.argv[2], lingerMs: 60_000 })
sumdial.increment('client/forgotten')
console.log(`held ${sumdial.held}`)
