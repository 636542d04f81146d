export const KIB = 1024
export const MIB = 1024 * KIB

/** In milliseconds, as all times are. */
export const SECOND = 1000
export const MINUTE = 60 * SECOND
