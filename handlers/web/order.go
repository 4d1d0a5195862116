package web

import (
	"cmp"
	"math/big"
	"slices"

	"github.com/outturn/outturn/projections"
)

// order is how the table is sorted.
type order struct {
	by   projections.By
	key  string
	desc bool
}

// The keys that the table sorts by.
const (
	sortName, sortInitial, sortFullYear, sortExecuted = "name", "initial", "full_year", "executed"
	sortAvailable, sortRate, sortRateInitial, sortGap = "available", "rate", "rate_initial", "gap"
)

func sortKeys() []string {
	return []string{sortName, sortInitial, sortFullYear, sortExecuted, sortAvailable, sortRate, sortRateInitial, sortGap}
}

// standardSort is worst first, and for months the calendar.
func standardSort(by projections.By) string {
	if by == projections.ByMonth {
		return sortName
	}
	return sortGap
}

// standardDescending says which way a column sorts first: names from the
// start, gaps from the worst, everything else from the largest.
func standardDescending(key string) bool { return key != sortName && key != sortGap }

func readOrder(f *filters, by projections.By) order {
	key := oneOf(f, "sort", standardSort(by), sortKeys()...)
	standard := "asc"
	if standardDescending(key) {
		standard = "desc"
	}
	return order{by, key, oneOf(f, "dir", standard, "asc", "desc") == "desc"}
}

func (o order) caption() string {
	switch {
	case o.by == projections.ByMonth:
		return "month"
	case o.key == sortGap && !o.desc:
		return "worst"
	}
	return "sorted"
}

// sort orders the rows; those without the value sorted by come last either way,
// and equals stand by their keys.
func (o order) sort(v *visit, entries []entry) {
	collator := v.Collator()
	slices.SortStableFunc(entries, func(a, b entry) int {
		if o.key == sortName {
			byName := cmp.Compare(a.row.Key, b.row.Key)
			if o.by != projections.ByMonth {
				byName = cmp.Or(collator.CompareString(a.name, b.name), byName)
			}
			return o.turn(byName)
		}
		x, y := o.value(a), o.value(b)
		switch {
		case x == nil && y == nil:
			return cmp.Compare(a.row.Key, b.row.Key)
		case x == nil:
			return 1
		case y == nil:
			return -1
		}
		return cmp.Or(o.turn(x.Cmp(y)), cmp.Compare(a.row.Key, b.row.Key))
	})
}

func (o order) turn(compared int) int {
	if o.desc {
		return -compared
	}
	return compared
}

// value is what the row is sorted by; nil if it has none.
func (o order) value(e entry) *big.Rat {
	f := e.row.Figures
	switch o.key {
	case sortInitial:
		return big.NewRat(int64(f.Initial), 1)
	case sortFullYear:
		return big.NewRat(int64(f.FullYear), 1)
	case sortExecuted:
		return big.NewRat(int64(f.Executed), 1)
	case sortAvailable:
		return big.NewRat(int64(f.Available), 1)
	case sortRateInitial:
		if e.pace.Figures.Initial <= 0 {
			return nil
		}
		return e.pace.Figures.RateInitial().Rat()
	}
	return e.pace.Gap() // the rate less the same for all; by month, less the month's own
}

func (o order) columns(v *visit) []Column {
	keep := v.filters.keep(overviewParameters()...)
	var columns []Column
	for _, key := range sortKeys() {
		column := Column{ID: key, Label: o.label(v, key)}
		desc := standardDescending(key)
		if key == o.key {
			desc = !o.desc
			column.Sorted = map[bool]string{false: "ascending", true: "descending"}[o.desc]
		}
		direction := map[bool]string{false: "asc", true: "desc"}[desc]
		column.Href = keep.with("sort", key, "dir", direction).at("/")
		columns = append(columns, column)
	}
	return columns
}

// label is the head of a column. The amounts of a month are its own changes.
func (o order) label(v *visit, key string) string {
	switch key {
	case sortName:
		return v.Text("by." + string(o.by))
	case sortInitial, sortFullYear, sortExecuted, sortAvailable:
		if o.by == projections.ByMonth {
			return v.Text("column.month." + key)
		}
	}
	return v.Text("column." + key)
}
