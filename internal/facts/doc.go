// Package facts turns what departments delivered into what rules decide on: deliveries are received, held or withdrawn, single
// cells corrected, and for a day and an instant (as-of, known-at) all accepted ones together make a snapshot, from which tables
// and profiles are read.
//
// # Which value counts
//
// A field reads a series of one period: what is current on the as-of day, or the year, quarter or month that its period names.
// For what is current, a delivery of a day counts from that day on, one of a year, quarter or month from its last day on; the
// newest such day goes first, among equal days what was received last. An empty cell says nothing, so that the value before it
// stays. A complete delivery is a new beginning: nothing that its department delivered before counts for the series that it has,
// enterprises that it leaves out have the field's absent value, or none if the field has no such value, and an empty cell in it is
// missing. Deliveries after it that aren't complete change their own rows only.
//
// Departments that give different values make the fact missing, with the reason 矛盾. A correction replaces what was delivered for
// its period, and for what is current also what is older; a newer delivery of a later day replaces it.
//
// A value is of the day that Origin.On says, from which stale_after counts: for what is current the day of the delivery (the last
// day of a year, quarter or month), else the day on which the delivery was received or the correction made, since a figure of last
// year doesn't age before somebody could have known it. A fact that is missing without a reason has no origin worth reading.
//
// # Rows
//
// A snapshot has the rows of the latest snapshot before it, in their order, then those of enterprises that are new, by code: a row
// number means the same enterprise for good. What the rows hold depends on the accepted deliveries and corrections alone.
package facts
