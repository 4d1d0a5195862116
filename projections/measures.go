package projections

import (
	"fmt"
	"strings"

	"github.com/outturn/outturn/events/budget"
)

// column is the column of a measure in balance and month_total.
func column(m budget.Measure) string { return m.String() + "_fen" }

// forMeasures writes format once for each measure, in their order, with commas
// between. The format's arguments are [1] the column and [2] the measure.
func forMeasures(format string) string {
	parts := make([]string, 0, len(budget.Sums{}))
	for _, m := range budget.Measures() {
		parts = append(parts, fmt.Sprintf(format, column(m), m.String()))
	}
	return strings.Join(parts, ", ")
}

// scanSums are the targets for scanning the columns of all measures.
func scanSums(sums *budget.Sums) []any {
	targets := make([]any, len(sums))
	for m := range sums {
		targets[m] = (*int64)(&sums[m])
	}
	return targets
}

// bigintArrays are the parameters of unnest for the columns of all measures,
// numbered from first on, with a comma before each.
func bigintArrays(first int) string {
	var sql strings.Builder
	for m := range len(budget.Sums{}) {
		fmt.Fprintf(&sql, ", $%d::bigint[]", first+m)
	}
	return sql.String()
}

// transpose turns sums into one array for each measure.
func transpose(sums []budget.Sums) []any {
	columns := make([]any, len(budget.Sums{}))
	for m := range columns {
		column := make([]int64, len(sums))
		for i := range sums {
			column[i] = int64(sums[i][m])
		}
		columns[m] = column
	}
	return columns
}
