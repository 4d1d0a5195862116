package web

import (
	"bytes"
	"fmt"
	"math"
	"strconv"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/handlers/exports"
	"github.com/outturn/outturn/projections"
)

// statementPath is where a line's statement is, as a file.
func statementPath(line string) string { return "/lines/" + line + "/statement.csv" }

// narrowing keeps some of a statement's postings.
type narrowing struct {
	month   int
	measure budget.Measure
	one     bool // of the measure only
}

func readNarrowing(f *filters) narrowing {
	n := narrowing{month: int(f.number("month", 1, 12))}
	n.measure, n.one = f.measure()
	return n
}

// whole says whether nothing is left out: only then is there a running balance.
func (n narrowing) whole() bool { return n.month == 0 && !n.one }

func (n narrowing) query(of projections.Query, limit int) projections.PostingsQuery {
	q := projections.PostingsQuery{Query: of, Month: n.month, Limit: limit}
	if n.one {
		q.Measures = []budget.Measure{n.measure}
	}
	return q
}

// StatementFilter is the form that narrows a statement.
type StatementFilter struct {
	Action           string
	Months, Measures []Choice
	Kept             []Choice // parameters that it sends along
}

func (v *visit) statementFilter(n narrowing, keep address) StatementFilter {
	f := StatementFilter{Action: pathOf(v.URL), Months: []Choice{{"", v.Text("statement.all_months"), n.month == 0}}, Measures: []Choice{{"", v.Text("statement.all_measures"), !n.one}}}
	for month := 1; month <= 12; month++ {
		f.Months = append(f.Months, Choice{strconv.Itoa(month), v.Text("chart.month", "month", month), month == n.month})
	}
	for _, measure := range budget.Measures() {
		f.Measures = append(f.Measures, Choice{measure.String(), v.Measure(measure), n.one && measure == n.measure})
	}
	for name, values := range keep.values {
		f.Kept = append(f.Kept, Choice{Value: values[0], Label: name})
	}
	return f
}

// statementFile is a line's statement as CSV, oldest first as on paper, in yuan.
func (s *server) statementFile(v *visit) (page, error) {
	id := events.LineID(v.PathValue("line"))
	if err := s.standAt(v); err != nil {
		return nil, err
	}
	f := v.filters
	at := projections.AsOf{Date: f.date(asOfParameter), Through: v.at.sequence}
	n := readNarrowing(f)
	if err := f.end(); err != nil {
		return nil, err
	}
	view, err := s.readLine(v, id, &at)
	if err != nil {
		return nil, err
	}
	records, err := s.statementRecords(v, n, projections.Query{Year: view.Line.Year, Line: id, AsOf: at})
	if err != nil {
		return nil, err
	}
	var body bytes.Buffer
	if err := exports.Records(&body, records, exports.UTF8ForExcel); err != nil {
		return nil, err
	}
	return download{fmt.Sprintf("%s-%s.csv", id, at.Date), "text/csv; charset=utf-8", body.Bytes()}, nil
}

// readLine reads a line that whoever asks may read, as of a day: today, or the
// last day of its year, if none is stated.
func (s *server) readLine(v *visit, id events.LineID, at *projections.AsOf) (projections.LineView, error) {
	view, err := s.Reader.Line(v.Context(), id, *at)
	if err == nil {
		err = s.mayRead(v, view.Line.Unit, "line", string(id))
	}
	if err != nil || !at.Date.IsZero() {
		return view, err
	}
	at.Date = earlier(fiscal.Today(s.Now()), view.Line.Year.Last())
	return s.Reader.Line(v.Context(), id, *at)
}

// statementRecords are the header and the rows of a statement.
func (s *server) statementRecords(v *visit, n narrowing, query projections.Query) ([][]string, error) {
	counted := findFigure(figureAvailable).signs()
	var rows [][]string // newest first
	var balance money.Amount
	for before := uint64(0); ; {
		q := n.query(query, projections.MaxPage)
		q.Before = before
		found, err := s.Reader.Postings(v.Context(), q)
		if err != nil {
			return nil, err
		}
		if before == 0 {
			if balance, err = counted.of(found.Sums); err != nil {
				return nil, err
			}
		}
		for _, posting := range found.Rows {
			row, err := v.statementRecord(posting, counted, balance, n.whole())
			if err != nil {
				return nil, err
			}
			rows = append(rows, row)
			if balance, err = takenBack(balance, counted, posting); err != nil {
				return nil, err
			}
		}
		if !found.More || len(found.Rows) == 0 {
			break
		}
		before = found.Rows[len(found.Rows)-1].Posting.Sequence
	}
	records := [][]string{v.statementHeader()}
	for i := len(rows) - 1; i >= 0; i-- {
		records = append(records, rows[i])
	}
	return records, nil
}

func (v *visit) statementHeader() []string {
	return []string{
		v.Text("postings.date"), v.Text("postings.event"), v.Text("event.document"), v.Text("statement.says"), v.Text("postings.measure"),
		v.Text("line.effect"), v.Text("line.balance"), v.Text("postings.sequence"), v.Text("event.id"), v.Text("event.actor"),
	}
}

func (v *visit) statementRecord(p projections.PostingView, counted signs, balance money.Amount, whole bool) ([]string, error) {
	effect, err := signed(counted[p.Posting.Measure], p.Posting.Amount)
	if err != nil {
		return nil, err
	}
	after := ""
	if whole {
		after = balance.String()
	}
	return []string{
		p.Posting.Date.String(), v.Type(p.Type), string(p.Document), string(p.Says), v.Measure(p.Posting.Measure),
		effect.String(), after, strconv.FormatUint(p.Posting.Sequence, 10), string(p.EventID), p.Actor,
	}, nil
}

// statement lists the line's postings newest first, each with the available
// balance after it if none is left out. An older page is read as of the position
// before it, so that its first balance is again the sum of everything that it
// finds.
func (s *server) statement(p *LinePage, sheet sheet, n narrowing, before uint64) error {
	query := sheet.query
	if before > 0 {
		query.AsOf.Through = min(query.AsOf.Through, before-1)
	}
	keep := sheet.filters.keep(asOfParameter, "money", "month", "measure")
	p.Filter = sheet.statementFilter(n, sheet.filters.keep(asOfParameter, "money"))
	p.File = keep.with("money", "").at(statementPath(p.Code))
	p.Whole = n.whole()
	if query.AsOf.Through == 0 {
		return nil // before the first event
	}
	found, err := s.Reader.Postings(sheet.Context(), n.query(query, postingsPage))
	if err != nil {
		return err
	}
	counted := findFigure(figureAvailable).signs()
	balance, err := counted.of(found.Sums)
	if err != nil {
		return err
	}
	p.Sum = sheet.Printer.Money(balance, sheet.unit)
	for _, posting := range found.Rows {
		row, err := sheet.posting(posting, counted)
		if err != nil {
			return err
		}
		row.Balance = sheet.Printer.Money(balance, sheet.unit)
		p.Rows = append(p.Rows, row)
		if balance, err = takenBack(balance, counted, posting); err != nil {
			return err
		}
	}
	p.Count = found.Count
	p.Older, p.Newest = pager(found, before, keep, pathOf(sheet.URL))
	return nil
}

// takenBack is the balance before a posting.
func takenBack(balance money.Amount, counted signs, posting projections.PostingView) (money.Amount, error) {
	effect, err := signed(counted[posting.Posting.Measure], posting.Posting.Amount)
	if err != nil {
		return 0, err
	}
	return less(balance, effect)
}

// maxBefore is the largest sequence that a page can be asked before.
const maxBefore = math.MaxInt64
