package web

import (
	"crypto/rand"
	"slices"
	"strconv"
	"time"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/projections"
)

// ClosePage says how far each unit's books of a year are closed.
type ClosePage struct {
	Office
	Year  fiscal.Year
	Years []Choice
	Rows  []CloseRow
}

func (*ClosePage) template() string { return "officeclose" }

// CloseRow is how far a unit's year is closed.
type CloseRow struct {
	Name       string
	Months     []MonthView
	Year       string // in words
	YearClosed bool
	Through    string // the last closed month in words
	Open       int    // proposals that wait
	OpenHref   string
	Next       *Link // the month to close next
	YearAct    *Link
}

// MonthView is a month of a unit: closed or not, by itself or by a unit above.
type MonthView struct {
	Number int
	Closed bool
	Label  string
}

// closedBooks are the closings of a year, by unit.
type closedBooks map[events.UnitID]budget.Closing

// closed is how far a unit's year is closed, by itself and by the units above.
func (c closedBooks) closed(o officer, unit events.UnitID) budget.Closing {
	var closing budget.Closing
	for above := range o.view.Upwards(unit) {
		closing.Month = max(closing.Month, c[above].Month)
		closing.Year = closing.Year || c[above].Year
	}
	return closing
}

// closedBooks reads what closes and reopens the units' books of a year.
func (s *server) closedBooks(v *visit, year fiscal.Year, units []budget.Unit) (closedBooks, error) {
	subjects := make([]string, len(units))
	for i, unit := range units {
		subjects[i] = string(unit.ID)
	}
	types := []events.Type{events.PeriodClosed{}.Type(), events.YearClosed{}.Type(), events.YearReopened{}.Type()}
	_, all, err := s.Forms.EventsAbout(v.Context(), subjects, types, projections.AsOf{Through: v.at.sequence})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b events.Event) int { return int(a.Sequence) - int(b.Sequence) })
	closings := closedBooks{}
	for _, e := range all {
		unit := events.UnitID(e.Subject)
		closing := closings[unit]
		switch data := e.Data.(type) {
		case events.PeriodClosed:
			if data.Year == year {
				closing.Month = max(closing.Month, data.Month)
			}
		case events.YearClosed:
			closing.Year = closing.Year || data.Year == year
		case events.YearReopened:
			if data.Year == year {
				closing = budget.Closing{}
			}
		}
		closings[unit] = closing
	}
	return closings, nil
}

func (s *server) closings(v *visit) (page, error) {
	o := s.officer(v)
	if !o.holds() {
		return s.refuseRoles(v, events.Roles()...), nil
	}
	head, err := s.office(v, "")
	if err != nil {
		return nil, err
	}
	years, units, err := s.choices(v)
	if err != nil {
		return nil, err
	}
	newest := o.today.Year
	if len(years) > 0 {
		newest = years[0]
	}
	p := &ClosePage{Office: head, Year: v.filters.year("year", newest)}
	p.Heading = v.Text("office.close.title", "year", strconv.Itoa(int(p.Year)))
	for _, year := range (scope{years: years, query: projections.Query{Year: p.Year}}).yearChoices() {
		p.Years = append(p.Years, Choice{strconv.Itoa(int(year)), strconv.Itoa(int(year)), year == p.Year})
	}
	closings, err := s.closedBooks(v, p.Year, units)
	if err != nil {
		return nil, err
	}
	readable := slices.DeleteFunc(slices.Clone(units), func(u budget.Unit) bool { return !o.reads(u.ID) })
	for _, choice := range unitTree(readable) {
		p.Rows = append(p.Rows, v.closeRow(o, p.Year, choice, closings))
	}
	return p, v.filters.end()
}

func (v *visit) closeRow(o officer, year fiscal.Year, choice Choice, closings closedBooks) CloseRow {
	unit := events.UnitID(choice.Value)
	row := CloseRow{Name: choice.Label, Year: v.Text("office.close.open"), Through: v.Text("office.close.none")}
	closing := closings.closed(o, unit)
	row.YearClosed = closing.Year
	for month := 1; month <= 12; month++ {
		view := MonthView{Number: month, Closed: closing.Year || month <= int(closing.Month), Label: v.Text("chart.month", "month", month)}
		row.Months = append(row.Months, view)
	}
	if closing.Month > 0 {
		row.Through = v.Text("office.close.through", "month", int(closing.Month))
	}
	row.Open, row.OpenHref = len(o.waiting(unit, year, 12)), approvalsPath
	at := closePath + "/" + choice.Value
	asked := address{}.with("year", strconv.Itoa(int(year)))
	switch {
	case closing.Year:
		row.Year, row.Through = v.Text("office.close.closed"), v.Text("office.close.whole")
		if closings[unit].Year && o.has(events.Admin, unit) {
			row.YearAct = &Link{Label: v.Text("office.reopen.link"), Href: asked.with("act", actReopen).at(at)}
		}
		return row
	case closing.Month < 12 && o.has(events.Approver, unit):
		next := int(closing.Month) + 1
		row.Next = &Link{Label: v.Text("office.close.month", "month", next), Href: asked.with("act", actMonth, "month", strconv.Itoa(next)).at(at)}
	}
	if o.has(events.Admin, unit) {
		row.YearAct = &Link{Label: v.Text("office.close.year"), Href: asked.with("act", actYear).at(at)}
	}
	return row
}

// waiting are the open proposals of a unit and all under it whose business date
// lies in a year up to a month.
func (o officer) waiting(unit events.UnitID, year fiscal.Year, month int) []events.ProposalID {
	var ids []events.ProposalID
	for _, p := range o.view.Proposals {
		date, dated := p.Event.On()
		if !dated || date.Year != year || int(date.Month) > month {
			continue
		}
		for above := range o.view.Upwards(p.Unit) {
			if above == unit {
				ids = append(ids, p.ID)
				break
			}
		}
	}
	return ids
}

// What is done to a year.
const (
	actMonth  = "month"
	actYear   = "year"
	actReopen = "reopen"
)

// closing is what a form closes or reopens.
type closing struct {
	unit  budget.Unit
	year  fiscal.Year
	month int
	below int // how many units are under it
}

func (s *server) closeTask(v *visit) (*officeTask, page, error) {
	o, unit := s.officer(v), events.UnitID(v.PathValue("unit"))
	units, err := s.unitsInReach(v, o)
	if err != nil {
		return nil, nil, err
	}
	i := slices.IndexFunc(units, func(u budget.Unit) bool { return u.ID == unit })
	if i < 0 {
		return nil, nil, projections.ErrNotFound
	}
	c := closing{unit: units[i], year: v.filters.year("year", o.today.Year), month: int(v.filters.number("month", 1, 12))}
	for _, other := range units {
		for above := range o.view.Upwards(other.ID) {
			if above == unit && other.ID != unit {
				c.below++
			}
		}
	}
	act := oneOf(v.filters, "act", actMonth, actMonth, actYear, actReopen)
	role := events.Admin
	if act == actMonth {
		role = events.Approver
		c.month = max(c.month, 1)
	}
	if !o.has(role, unit) {
		return nil, s.refuseRoles(v, role), nil
	}
	head, err := s.office(v, "")
	if err != nil {
		return nil, nil, err
	}
	year := strconv.Itoa(int(c.year))
	t := &officeTask{page: &TaskPage{Office: head, Form: &OfficeForm{Action: v.URL.RequestURI(), Key: rand.Text(), Grave: true}}, next: closePath, keep: address{}.with("year", year)}
	t.page.Back = Link{Label: v.Text("office.close.title", "year", year), Href: t.keep.at(closePath)}
	switch act {
	case actReopen:
		s.reopenYear(v, t, c)
	case actYear:
		err = s.closeYear(v, o, t, c)
	default:
		err = s.closeMonth(v, o, t, c)
	}
	return t, nil, err
}

func (s *server) closeMonth(v *visit, o officer, t *officeTask, c closing) error {
	year := strconv.Itoa(int(c.year))
	t.page.Heading = v.Text("office.month.title", "unit", string(c.unit.Name), "year", year, "month", c.month)
	end := fiscal.Date{Year: c.year, Month: time.Month(c.month), Day: 1}.MonthEnd()
	t.page.Lead = []string{v.Text("office.month.lead", "date", v.Date(end), "unit", string(c.unit.Name), "count", c.below, "below", c.below > 0), v.Text("office.month.undo")}
	if o.today.Compare(end) <= 0 {
		t.page.Warning = v.Text("office.month.early", "date", v.Date(end))
	}
	facts, err := s.monthFacts(v, o, c, end)
	if err != nil {
		return err
	}
	t.page.Facts = facts
	t.page.Form.Button = v.Text("office.month.button", "year", year, "month", c.month)
	t.page.Form.Fields = []*OfficeField{v.reasonField(true)}
	t.event = func(f *OfficeForm) officeEvent {
		members := f.data("reason")
		members["year"], members["month"] = c.year, c.month
		return officeEvent{events.PeriodClosed{}, string(c.unit.ID), members}
	}
	return nil
}

// monthFacts are what was recorded in a month, what came late, and what waits.
func (s *server) monthFacts(v *visit, o officer, c closing, end fiscal.Date) ([]Fact, error) {
	q := projections.PostingsQuery{
		Query: projections.Query{Year: c.year, Unit: c.unit.ID, Within: o.within(), AsOf: projections.AsOf{Through: v.at.sequence}},
		Month: c.month, Limit: 1,
	}
	all, err := s.Reader.Postings(v.Context(), q)
	if err != nil {
		return nil, err
	}
	after := end.AddDays(1)
	q.AsOf.KnownAt = time.Date(int(after.Year), after.Month, after.Day, 0, 0, 0, 0, fiscal.Zone)
	early, err := s.Reader.Postings(v.Context(), q)
	if err != nil {
		return nil, err
	}
	waiting := o.waiting(c.unit.ID, c.year, c.month)
	facts := []Fact{
		{Name: v.Text("office.month.recorded"), Value: v.Text("office.count", "count", all.Count)},
		{Name: v.Text("office.month.executed"), Value: v.Money(all.Sums[budget.Executed]-all.Sums[budget.Refunded], money.Yuan)},
		{Name: v.Text("office.month.late"), Value: v.Text("office.count", "count", all.Count-early.Count)},
		{Name: v.Text("office.month.waiting"), Value: v.Text("office.count", "count", len(waiting))},
	}
	if len(waiting) > 0 {
		facts[3].Href = approvalsPath
	}
	return facts, nil
}

func (s *server) closeYear(v *visit, o officer, t *officeTask, c closing) error {
	year := strconv.Itoa(int(c.year))
	t.page.Heading = v.Text("office.year.title", "unit", string(c.unit.Name), "year", year)
	t.page.Lead = []string{v.Text("office.year.lead", "year", year, "unit", string(c.unit.Name), "count", c.below, "below", c.below > 0), v.Text("office.year.undo")}
	if o.today.Compare(c.year.Last()) <= 0 {
		t.page.Warning = v.Text("office.year.early", "year", year)
	}
	report, err := s.Reader.Execution(v.Context(), projections.Query{
		Year: c.year, By: projections.ByUnit, Unit: c.unit.ID, Within: o.within(), AsOf: projections.AsOf{Through: v.at.sequence},
	})
	if err != nil {
		return err
	}
	waiting := o.waiting(c.unit.ID, c.year, 12)
	total := report.Total
	t.page.Facts = append(v.balanceFacts(total.FullYear, total.Committed, total.Executed, total.Available),
		Fact{Name: v.Text("office.month.waiting"), Value: v.Text("office.count", "count", len(waiting))})
	t.page.Form.Button = v.Text("office.year.button", "year", year)
	t.page.Form.Fields = []*OfficeField{dateField(v, earlier(o.today, c.year.Last())), v.reasonField(true)}
	t.event = yearEvent(events.YearClosed{}, c)
	return nil
}

func (s *server) reopenYear(v *visit, t *officeTask, c closing) {
	year := strconv.Itoa(int(c.year))
	t.page.Heading = v.Text("office.reopen.title", "unit", string(c.unit.Name), "year", year)
	t.page.Lead = []string{v.Text("office.reopen.lead", "year", year, "unit", string(c.unit.Name))}
	t.page.Form.Button = v.Text("office.reopen.button", "year", year)
	t.page.Form.Fields = []*OfficeField{dateField(v, fiscal.Today(s.Now())), v.reasonField(false)}
	t.event = yearEvent(events.YearReopened{}, c)
}

func dateField(v *visit, standard fiscal.Date) *OfficeField {
	return &OfficeField{Name: "date", Label: v.Member("date"), Kind: FieldDate, Value: standard.String()}
}

func yearEvent(data events.Data, c closing) func(*OfficeForm) officeEvent {
	return func(f *OfficeForm) officeEvent {
		members := f.data("date", "reason")
		members["year"] = c.year
		return officeEvent{data, string(c.unit.ID), members}
	}
}
