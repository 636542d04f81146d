import { createClient } from 'sumdial/client'

/** Counts until it is told to end, and says what became of it. */
const gaveUp = []
const sumdial = createClient({
  url: process.argv[2],
  lingerMs: 50,
  onGiveUp: (...args) => gaveUp.push(args),
  onRetry: () => undefined,
})
let isOver = false
process.once('SIGTERM', () => {
  isOver = true
})

let handedIn = 0
const say = setInterval(() => console.log(`settled ${handedIn - sumdial.held}`), 20)
while (!isOver) {
  for (let i = 0; i < 10; i++) {
    sumdial.increment(`client/${handedIn % 50}`, 1 + (handedIn % 3))
    handedIn += 1
  }
  await new Promise((resolve) => setTimeout(resolve, 10))
}
await sumdial.close({ deadlineMs: 200_000 })
clearInterval(say)
console.log(JSON.stringify({ gaveUp, handedIn, held: sumdial.held }))
