//go:build !race

package snapshots_test

// slowdown is one: nothing slows the audit down.
const slowdown = 1
