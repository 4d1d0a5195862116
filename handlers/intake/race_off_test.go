//go:build !race

package intake_test

import "github.com/outturn/outturn/handlers/intake"

// bulkRows is how many rows the largest file of the tests has: the most that
// are read.
const bulkRows = intake.MaxRows
