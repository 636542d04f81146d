import { createClient, type Sumdial } from 'sumdial'

export const sumdial: Sumdial = createClient({ url: 'https://sumdial.test' })
