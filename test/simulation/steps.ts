/** Deeds of clients and faults in one run, unless told otherwise. A run takes some hundred milliseconds. */
export const STEPS = 120
