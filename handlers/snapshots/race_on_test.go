//go:build race

package snapshots_test

// slowdown is how much longer the race detector lets everything take.
const slowdown = 15
