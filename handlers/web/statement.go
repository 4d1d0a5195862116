package web

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

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
	month       int
	measure     budget.Measure
	one         bool         // of the measure only
	words       []string     // all of which the row says, in lower case
	least, most money.Amount // without regard to the sign; 0 is no bound
}

// narrowingParameters are those of an address that narrow a statement.
func narrowingParameters() []string { return []string{"month", "measure", "q", "least", "most"} }

func readNarrowing(f *filters) narrowing {
	n := narrowing{
		month: int(f.number("month", 1, 12)), words: strings.Fields(strings.ToLower(f.get("q"))),
		least: f.amount("least"), most: f.amount("most"),
	}
	n.measure, n.one = f.measure()
	return n
}

// reads says whether each posting has to be looked at to know if it is kept.
func (n narrowing) reads() bool { return len(n.words) > 0 || n.least > 0 || n.most > 0 }

// whole says whether nothing is left out: only then is there a running balance.
func (n narrowing) whole() bool { return n.month == 0 && !n.one && !n.reads() }

func (n narrowing) query(of projections.Query, limit int) projections.PostingsQuery {
	q := projections.PostingsQuery{Query: of, Month: n.month, Limit: limit}
	if n.one {
		q.Measures = []budget.Measure{n.measure}
	}
	return q
}

// keeps looks at a posting that the query found.
func (n narrowing) keeps(v *visit, p projections.PostingView) bool {
	amount := max(p.Posting.Amount, -p.Posting.Amount)
	if amount < n.least || n.most > 0 && amount > n.most {
		return false
	}
	said := strings.ToLower(strings.Join([]string{v.Type(p.Type), string(p.Document), string(p.Says)}, "\n"))
	return !slices.ContainsFunc(n.words, func(word string) bool { return !strings.Contains(said, word) })
}

// kept reads a page of the postings that a narrowing keeps.
func (s *server) kept(v *visit, n narrowing, of projections.Query, before uint64) (projections.Postings, error) {
	if !n.reads() {
		q := n.query(of, postingsPage)
		q.Before = before
		return s.Reader.Postings(v.Context(), q)
	}
	all, err := s.allKept(v, n, of)
	rows := all.Rows
	if before != 0 {
		rows = slices.DeleteFunc(rows, func(p projections.PostingView) bool { return p.Posting.Sequence >= before })
	}
	end := min(len(rows), postingsPage)
	for end > 0 && end < len(rows) && rows[end].Posting.Sequence == rows[end-1].Posting.Sequence {
		end++ // a page ends with a whole event
	}
	all.Rows, all.More = rows[:end], end < len(rows)
	return all, err
}

// allKept reads all postings that a narrowing keeps, newest first.
func (s *server) allKept(v *visit, n narrowing, of projections.Query) (projections.Postings, error) {
	var all projections.Postings
	for q := n.query(of, projections.MaxPage); ; {
		found, err := s.Reader.Postings(v.Context(), q)
		if err != nil {
			return all, err
		}
		if q.Before == 0 {
			all.Sums, all.Count = found.Sums, found.Count
		}
		all.Rows = append(all.Rows, found.Rows...)
		if !found.More || len(found.Rows) == 0 {
			break
		}
		q.Before = found.Rows[len(found.Rows)-1].Posting.Sequence
	}
	if !n.reads() {
		return all, nil
	}
	all.Rows = slices.DeleteFunc(all.Rows, func(p projections.PostingView) bool { return !n.keeps(v, p) })
	all.Sums, all.Count = budget.Sums{}, len(all.Rows)
	for _, row := range all.Rows {
		var one budget.Sums
		one[row.Posting.Measure] = row.Posting.Amount
		if err := all.Sums.Add(one); err != nil {
			return all, err
		}
	}
	return all, nil
}

// StatementFilter is the form that narrows a statement.
type StatementFilter struct {
	Action           string
	Months, Measures []Choice
	Q, Least, Most   string
	Kept             []Choice // parameters that it sends along
	Whole            string   // leads to the statement without anything left out
}

func (v *visit) statementFilter(n narrowing) StatementFilter {
	get, keep := v.filters.values.Get, v.filters.keep(asOfParameter, "money")
	f := StatementFilter{
		Action: pathOf(v.URL), Whole: keep.at(pathOf(v.URL)), Q: get("q"), Least: get("least"), Most: get("most"),
		Months: []Choice{{"", v.Text("statement.all_months"), n.month == 0}}, Measures: []Choice{{"", v.Text("statement.all_measures"), !n.one}},
	}
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
	all, err := s.allKept(v, n, query)
	if err != nil {
		return nil, err
	}
	counted := findFigure(figureAvailable).signs()
	balance, err := counted.of(all.Sums)
	if err != nil {
		return nil, err
	}
	var rows [][]string // newest first
	for _, posting := range all.Rows {
		row, err := v.statementRecord(posting, counted, balance, n.whole())
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
		if balance, err = takenBack(balance, counted, posting); err != nil {
			return nil, err
		}
	}
	slices.Reverse(rows)
	return append([][]string{v.statementHeader()}, rows...), nil
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
// balance after it if none is left out. Then an older page is read as of the
// position before it, so that its first balance is again the sum of everything
// that it finds.
func (s *server) statement(p *LinePage, sheet sheet, n narrowing, before uint64) error {
	query, from := sheet.query, before
	if before > 0 && n.whole() {
		query.AsOf.Through, from = min(query.AsOf.Through, before-1), 0
	}
	keep := sheet.filters.keep(append(narrowingParameters(), asOfParameter, "money")...)
	p.Filter = sheet.statementFilter(n)
	p.File = keep.with("money", "").at(statementPath(p.Code))
	p.Whole = n.whole()
	if query.AsOf.Through == 0 {
		return nil // before the first event
	}
	found, err := s.kept(sheet.visit, n, query, from)
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
