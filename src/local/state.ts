import { join } from 'node:path'

/** Where `npm run dev` keeps everything between runs, unless told otherwise. */
export const STATE_DEFAULT = join(import.meta.dirname, '../../.sumdial')

/** In the state folder, the address of the endpoint while that is served: for commands that talk to the embedded Postgres. */
export const ENDPOINT_FILE = 'endpoint'
