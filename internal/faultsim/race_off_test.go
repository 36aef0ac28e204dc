//go:build !race

package faultsim

// raced says that the race detector is on, which makes everything several times slower.
const raced = false
