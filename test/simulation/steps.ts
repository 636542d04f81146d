/** Deeds of clients and faults in one run, unless told otherwise: some hundred milliseconds of work. */
export const STEPS = 120
