package projections

import (
	"time"

	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
)

// figuresSQL finds the sums of each line: termsSQL, added up. A line without any
// may be missing.
func figuresSQL(q Query) string {
	if q.AsOf == (AsOf{}) {
		return termsSQL(q)
	}
	return "SELECT line, " + forMeasures("sum(%[1]s)::bigint AS %[1]s") + " FROM (" + termsSQL(q) + ") AS terms GROUP BY 1"
}

// termsSQL finds what the sums of lines, or of lines and months, add up from: a
// cache of sums, and for figures as of earlier the postings in which it differs.
// There may be several rows of a line, and rows of lines that are not in scope.
func termsSQL(q Query) string {
	t := terms{narrow: q.narrow()}
	dated, known := !q.AsOf.Date.IsZero(), q.AsOf.Through != 0 || !q.AsOf.KnownAt.IsZero()
	switch {
	case q.By == ByMonth && known:
		return "SELECT line, date_trunc('month', date)::date AS month, " + sumPostings + " FROM posting WHERE " + postingsAsOf + " GROUP BY 1, 2"
	case q.By == ByMonth && dated:
		return "SELECT * FROM month_total WHERE month < " + cutMonth + `
			UNION ALL SELECT line, ` + cutMonth + `, ` + sumPostings + " FROM posting WHERE date >= " + cutMonth + " AND " + postingsAsOf + " GROUP BY 1"
	case q.By == ByMonth:
		return "SELECT * FROM month_total"
	case known && dated:
		return t.balanceKnown() + t.less("sequence <= @through AND date > @date")
	case known:
		return t.balanceKnown()
	case dated && q.AsOf.Date.Day <= middleOfMonth:
		return t.months(q.AsOf.Date, "<") + t.plus("date >= "+cutMonth+" AND date <= @date")
	case dated:
		return t.months(q.AsOf.Date, "<=") + t.less("date > @date AND date < "+nextMonth)
	}
	return t.sums("balance", "true")
}

// narrow says whether a query is about few lines, which an index finds.
func (q Query) narrow() bool {
	return q.Line != "" || len(q.Lines) > 0 || q.Project != "" || q.Cut.By == ByLine || q.Cut.By == ByProject
}

const (
	// middleOfMonth is the last day of a month that is nearer to its beginning, and
	// middleOfYear the last month of a year that is.
	middleOfMonth = 15
	middleOfYear  = time.June
	// cutMonth is the first day of the month that a date lies in, and nextMonth
	// that of the one after it.
	cutMonth  = "date_trunc('month', @date::date::timestamp)::date"
	nextMonth = "(" + cutMonth + " + interval '1 month')::date"
)

const (
	present        = "(SELECT sequence FROM checkpoint)"
	nearestBalance = `(SELECT sequence FROM (
		SELECT 0 AS sequence UNION ALL SELECT sequence FROM checkpoint
		UNION ALL (SELECT sequence FROM balance_then WHERE sequence <= @through ORDER BY sequence DESC LIMIT 1)
		UNION ALL (SELECT sequence FROM balance_then WHERE sequence > @through ORDER BY sequence LIMIT 1)) base
		ORDER BY abs(sequence - @through), sequence DESC LIMIT 1)`
)

// terms writes the terms of sums. Those of a narrow query are of the lines in
// scope only; otherwise it is quicker to leave out the others later.
type terms struct{ narrow bool }

func (t terms) where(condition string) string {
	if t.narrow {
		condition += " AND line IN (SELECT id FROM scope)"
	}
	return condition
}

// balanceKnown are the terms of each line's balance as it was at a sequence:
// that of now, that of a sequence at which it was kept, or nothing, whichever is
// nearest, and the postings from there or back from there.
func (t terms) balanceKnown() string {
	return t.sums("balance", nearestBalance+" = "+present) +
		" UNION ALL " + t.sums("balance_then", "sequence = "+nearestBalance+" AND sequence <> "+present) +
		t.plus("sequence > "+nearestBalance+" AND sequence <= @through") +
		t.less("sequence > @through AND sequence <= "+nearestBalance)
}

// months are the sums of the months up to the one that a date lies in: theirs, or
// in the second half of a year those of now less those of the later months.
// including is "<=" with that month, "<" without it.
func (t terms) months(date fiscal.Date, including string) string {
	if date.Month <= middleOfYear {
		return t.sums("month_total", "month "+including+" "+cutMonth)
	}
	return t.sums("balance", "true") + " UNION ALL SELECT line, " + forMeasures("-%[1]s") +
		" FROM month_total WHERE " + t.where("NOT month "+including+" "+cutMonth)
}

// sums are the rows of a table of sums.
func (t terms) sums(table, where string) string {
	return "SELECT " + columnsOf("line", budget.Measures()) + " FROM " + table + " WHERE " + t.where(where)
}

// plus adds the terms of postings, and less those that take them back. Postings
// are summed by measure first: nearly all lines have few.
func (t terms) plus(where string) string { return t.postings("", where) }

func (t terms) less(where string) string { return t.postings("-", where) }

func (t terms) postings(sign, where string) string {
	return " UNION ALL SELECT line, " + forMeasures("CASE measure WHEN '%[2]s' THEN "+sign+"fen ELSE 0 END") + `
		FROM (SELECT line, measure, sum(amount_fen)::bigint AS fen FROM posting WHERE ` + t.where(where) + ` GROUP BY 1, 2) p`
}

// sumPostings sums postings into one column for each measure.
var sumPostings = forMeasures("coalesce(sum(amount_fen) FILTER (WHERE measure = '%[2]s'), 0)::bigint AS %[1]s")
