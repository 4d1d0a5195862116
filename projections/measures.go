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
func forMeasures(format string) string { return forEach(budget.Measures(), format) }

// forEach is forMeasures for some of them.
func forEach(measures []budget.Measure, format string) string {
	parts := make([]string, 0, len(measures))
	for _, m := range measures {
		parts = append(parts, fmt.Sprintf(format, column(m), m.String()))
	}
	return strings.Join(parts, ", ")
}

// columnsOf are the columns of some measures, behind those of a key.
func columnsOf(key string, measures []budget.Measure) string {
	for _, m := range measures {
		key += ", " + column(m)
	}
	return key
}

// scanSums are the targets for scanning the columns of all measures.
func scanSums(sums *budget.Sums) []any {
	targets := make([]any, len(sums))
	for m := range sums {
		targets[m] = (*int64)(&sums[m])
	}
	return targets
}

// bigintArrays are the parameters of unnest for the columns of count measures,
// numbered from first on, with a comma before each.
func bigintArrays(first, count int) string {
	var sql strings.Builder
	for m := range count {
		fmt.Fprintf(&sql, ", $%d::bigint[]", first+m)
	}
	return sql.String()
}

// transpose turns sums into one array for each of some measures.
func transpose(sums []budget.Sums, measures []budget.Measure) []any {
	columns := make([]any, len(measures))
	for c, m := range measures {
		column := make([]int64, len(sums))
		for i := range sums {
			column[i] = int64(sums[i][m])
		}
		columns[c] = column
	}
	return columns
}
