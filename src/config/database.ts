import { z } from 'zod'
import type { DatabaseAddress } from '../address.ts'
import { chooseAddress } from '../address.ts'
import { fail, ok, type Result } from '../model/result.ts'

const MISSING_BESIDE_HYPERDRIVE =
  'is missing: DATABASE_DRIVER says `neon`, which does not go through HYPERDRIVE'

const DATABASE_URL_FORM =
  'must look like postgresql://user:password@host/database, with special characters percent-encoded'

const emptyAsUnset = (text: unknown) => (text === '' ? undefined : text)

/** The variables that say where Postgres is. */
export const databaseVariables = z.object({
  DATABASE_URL: z.preprocess(
    emptyAsUnset,
    z
      .string()
      .regex(/^postgres(ql)?:\/\/[^@/]+@[^/]+\/./, DATABASE_URL_FORM)
      .refine((url) => URL.canParse(url), DATABASE_URL_FORM)
      .optional(),
  ),
  DATABASE_DRIVER: z.preprocess(
    emptyAsUnset,
    z.enum(['neon', 'pg'], { error: 'must be `neon` or `pg`, or empty to go by the address' }).optional(),
  ),
  NEON_FETCH_ENDPOINT: z
    .url({ error: 'must be a full address, such as http://localhost:5499/sql' })
    .optional(),
})

/** A binding is an object of the runtime's, so it cannot have been mistyped. */
const bindings = z.object({ HYPERDRIVE: z.object({ connectionString: z.string() }).optional() })

/** @returns where Postgres is, undefined when nothing says so, or every fault of the environment in this. Each begins with its variable's name. */
export function parseDatabase(env: object): Result<DatabaseAddress | undefined, readonly string[]> {
  const parsed = databaseVariables.and(bindings).safeParse(env)
  if (!parsed.success) {
    return fail(parsed.error.issues.map(({ path, message }) => `${z.core.toDotPath(path)} ${message}`))
  }
  const { DATABASE_URL, DATABASE_DRIVER, NEON_FETCH_ENDPOINT, HYPERDRIVE } = parsed.data
  const address = chooseAddress({
    hyperdriveUrl: HYPERDRIVE?.connectionString,
    databaseUrl: DATABASE_URL,
    neonEndpoint: NEON_FETCH_ENDPOINT,
    driver: DATABASE_DRIVER,
  })
  if (address === undefined && HYPERDRIVE !== undefined)
    return fail([`DATABASE_URL ${MISSING_BESIDE_HYPERDRIVE}`])
  const isDirect = address?.kind === 'tcp' && HYPERDRIVE === undefined
  const fault = isDirect ? tlsFault(new URL(address.url)) : null
  return fault === null ? ok(address) : fail([`DATABASE_URL ${fault}`])
}

const OWN_AUTHORITY =
  'A Worker accepts certificates of public authorities alone, so reach a database with another through Hyperdrive'

/** A Worker's own TLS always checks the certificate, and has no files. */
function tlsFault({ hostname, searchParams }: URL): string | null {
  const file = ['sslrootcert', 'sslcert', 'sslkey'].find((name) => searchParams.has(name))
  if (file !== undefined) return `cannot have \`${file}\`. ${OWN_AUTHORITY}`
  switch (searchParams.get('sslmode')) {
    case 'disable':
    case 'prefer':
    case 'require':
    case 'verify-ca':
    case 'verify-full':
      return null
    case null:
      return isNearby(hostname)
        ? null
        : 'must end in `?sslmode=require`, or in `?sslmode=disable` for a connection that anyone on the way can read'
    default:
      return `must have the sslmode \`require\` or \`disable\`. ${OWN_AUTHORITY}`
  }
}

/** A name or an address that only a private network knows. */
function isNearby(hostname: string): boolean {
  const isName = !hostname.includes('.') && !hostname.startsWith('[')
  return (
    isName ||
    /^(127|10|192\.168|172\.(1[6-9]|2\d|3[01]))\.|^\[(::1|f[cd].*)\]$|\.(local|internal)$/.test(hostname)
  )
}
