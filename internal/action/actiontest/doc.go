// Package actiontest holds what tests of actions share: a ledger and evidence in memory, and the conformance suite
// that every action passes ([Run]).
package actiontest
