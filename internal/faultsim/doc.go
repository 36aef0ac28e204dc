// Package faultsim holds Cordon against every fault at every call: for each playbook and its release, for the n-th call to
// AWS, to the store, to the vault or to a notice's channel, for every n, the process dies before the call or after it took
// effect, or the call fails once, fails for good, is throttled, or takes effect without an answer. Then another process goes
// on. Whatever happened:
//
//   - the target ends contained, or the case says what is not; it never says contained where the account does not show it
//   - every prior is the state of before, as a run without faults has it
//   - release restores the account exactly
//   - groups, snapshots, tickets and messages are made once
//
// A scenario runs in virtual time (testing/synctest). How long a call takes follows from a seed and from what is called; calls
// that are made side by side at one moment may change places. So a fault is for the n-th call of a name, and meets the same one
// each time.
//
//	go test ./internal/faultsim                       a part of the scenarios
//	go test ./internal/faultsim -exhaustive           every call of every playbook: what make test runs
//	go test ./internal/faultsim -everything           that, for every other instance and with the store on DynamoDB, too
//	go test ./internal/faultsim -run 'TestFaults/web/respond/dies_before/17$' -exhaustive
//	go test ./internal/faultsim -run TestRandom -seed 42
package faultsim
