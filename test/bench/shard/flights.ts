/** What a shard is asked to take: flights of so many cells, one after the other from each sender. */
export type FlightsAsked = { readonly senders: number; readonly cells: number; readonly seconds: number }

export type FlightsTaken = { readonly flights: number; readonly medianMs: number }
