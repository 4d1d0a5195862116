//go:build race

package intake_test

// bulkRows is how many rows the largest file of the tests has; the race detector
// takes ten times as long.
const bulkRows = 5_000
