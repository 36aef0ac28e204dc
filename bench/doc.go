// Package bench measures Cordon beside the two systems that it is held against, and writes docs/performance.md.
//
//	make bench      go test ./bench -run '^TestReport$' -report
//
// Both sides make real SDK calls to the same simulated account, in which every call takes the same time. What takes a call's time runs
// in a testing/synctest bubble, where the clock goes on by exactly what is slept: so those tables are exact, the same on every machine, and
// leave out what the programs themselves compute. What they compute is measured on the real clock, with calls that take none.
package bench
