import { createClient } from 'sumdial'
import { createClient as ofClient } from 'sumdial/client'

if (ofClient !== createClient) throw new Error('two clients')
const { total } = await createClient({ url: process.argv[2] }).read('client/0')
console.log(typeof total.sum, total.sum === BigInt(process.argv[3]), total.count)
