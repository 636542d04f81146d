import { createClient } from 'sumdial/client'

const [url, count] = process.argv.slice(2)
const gaveUp = []
const sumdial = createClient({
  url,
  lingerMs: 50,
  onGiveUp: (...args) => gaveUp.push(args),
  onRetry: () => undefined,
})

let handedIn = 0
const say = setInterval(() => console.log(`settled ${handedIn - sumdial.held}`), 20)
for (let i = 0; i < Number(count); i++) {
  sumdial.increment(`client/${i % 50}`, 1 + (i % 3))
  handedIn = i + 1
  if (i % 10 === 9) await new Promise((resolve) => setTimeout(resolve, 10))
}
await sumdial.close({ deadlineMs: 90_000 })
clearInterval(say)

const { total } = await sumdial.read('client/0')
console.log(JSON.stringify({ gaveUp, held: sumdial.held, total: { ...total, sum: String(total.sum) } }))
