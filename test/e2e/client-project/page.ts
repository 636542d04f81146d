import { createClient } from 'sumdial/client'

const sumdial = createClient({ url: location.origin, fetch: (url, init) => fetch(url, init) })
document.addEventListener('click', () => sumdial.increment('site/clicks'))
