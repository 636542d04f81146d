/** An address at which nothing is asked. */
export const SOME_ADDRESS = { kind: 'tcp', url: 'postgresql://sumdial:unused@localhost/sumdial' } as const
