package projections

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/projections/pace"
)

// months reads the series of a query. The scope's lines are read once and held
// against what the other queries find: that is quicker than joining each with the
// scope.
type months struct {
	query            Query
	present, through uint64
	rows             []Series
	at               map[string]int // rows by key
	lines            map[string]lineOf
	projects         map[string]string // the units of the projects, by code
}

// lineOf is what a line counts for.
type lineOf struct{ project, unit string }

func (m *months) read(ctx context.Context, tx pgx.Tx) error {
	q := m.query
	arguments := q.arguments(m.through)
	arguments["first"], arguments["last"] = q.Year.First().Time(), q.Year.Last().Time()
	arguments["plan"] = string(events.PlanSet{}.Type())
	var batch pgx.Batch
	batch.Queue(m.linesSQL(), arguments).Query(m.scanLines)
	batch.Queue(m.monthsSQL(), arguments).Query(m.scanMonths)
	batch.Queue(m.plansSQL(), arguments).Query(m.scanPlans)
	if err := tx.SendBatch(ctx, &batch).Close(); err != nil {
		return err
	}
	arguments["recent"] = m.recent()
	rows, err := tx.Query(ctx, m.paidSQL(), arguments)
	if err != nil {
		return err
	}
	return m.scanPaid(rows)
}

// linesSQL finds the scope's lines, each with the key of its row, and the unit
// that its project is registered for.
func (m *months) linesSQL() string {
	group := groups[m.query.By]
	return "WITH " + lineScope + " SELECT s.id, s.unit, s.project, s.kind, s.fund, " + group.key + ", " + group.name + `, coalesce(p.unit, '')
		FROM scope s LEFT JOIN project p ON p.year = s.year AND p.id = s.project ORDER BY 6`
}

func (m *months) scanLines(rows pgx.Rows) error {
	m.at, m.lines, m.projects = make(map[string]int), make(map[string]lineOf), make(map[string]string)
	var line string
	var of lineOf
	var row Series
	var registered events.UnitID
	targets := []any{&line, &of.unit, &of.project, &row.Covered.Kind, &row.Covered.Fund, &row.Key, &row.Name, &registered}
	_, err := pgx.ForEachRow(rows, targets, func() error {
		m.lines[line], m.projects[of.project] = of, string(registered)
		row.Covered.Project = events.ProjectID(of.project)
		row.Unit = map[By]events.UnitID{ByLine: events.UnitID(of.unit), ByUnit: events.UnitID(of.unit), ByProject: registered}[m.query.By]
		if last := len(m.rows) - 1; last >= 0 && m.rows[last].Key == row.Key {
			m.rows[last] = m.rows[last].sharing(row)
			return nil
		}
		m.at[row.Key] = len(m.rows)
		m.rows = append(m.rows, row)
		return nil
	})
	return err
}

// sharing is the row with nothing covered but what another part of it has, too.
func (s Series) sharing(other Series) Series {
	if s.Covered.Project != other.Covered.Project {
		s.Covered.Project = ""
	}
	if s.Covered.Kind != other.Covered.Kind {
		s.Covered.Kind = ""
	}
	if s.Covered.Fund != other.Covered.Fund {
		s.Covered.Fund = ""
	}
	return s
}

// monthsSQL finds the sums of rows and months. Several of one row and month may
// come: adding up here is quicker than grouping there where rows are lines.
func (m *months) monthsSQL() string {
	sum, group := "sum(%s)::bigint", " GROUP BY 1, f.month"
	if m.query.By == ByLine {
		sum, group = "%s", ""
	}
	sql := "WITH " + lineScope + ", terms AS (" + m.termsSQL() + ") SELECT " + groups[m.query.By].key + ", extract(month FROM f.month)::int"
	for _, r := range reported {
		sql += ", " + fmt.Sprintf(sum, r.sum)
	}
	sql += ", " + fmt.Sprintf(sum, "CASE WHEN s.vintage < s.year THEN "+unspent()+" ELSE 0 END")
	return sql + " FROM terms f JOIN scope s ON s.id = f.line" + group
}

// unspent is what is not executed of a full-year budget, and has not left it.
func unspent() string {
	signs := map[budget.Measure]string{budget.Initial: " + ", budget.Supplement: " + ", budget.Executed: " - ", budget.Returned: " - "}
	sql := "0"
	for _, r := range reported {
		if sign := signs[r.as]; sign != "" {
			sql += sign + "(" + r.sum + ")"
		}
	}
	return sql
}

// termsSQL finds what the sums of lines and months add up from, as termsSQL of a
// query by month does, but leaves out the postings wherever the sums of months
// say the same.
func (m *months) termsSQL() string {
	date, terms := m.query.AsOf.Date, terms{narrow: m.query.narrow()}
	months := "SELECT " + columnsOf("line, month", budget.Measures()) + " FROM month_total WHERE " + terms.where("month >= @first AND month <= @last")
	cut := !date.IsZero() && date != date.MonthEnd()
	switch {
	case m.through < m.present && m.through < m.present/2:
		return terms.byMonth("", "sequence <= @through AND (@date::date IS NULL OR date <= @date)")
	case m.through < m.present:
		return months + " AND (@date::date IS NULL OR month <= @date)" +
			" UNION ALL " + terms.byMonth("-", "sequence > @through AND (@date::date IS NULL OR date <= @date)") +
			" UNION ALL " + terms.byMonth("-", "date > @date AND date < "+nextMonth)
	case cut && date.Day <= middleOfMonth:
		return months + " AND month < " + cutMonth + " UNION ALL " + terms.byMonth("", "date >= "+cutMonth+" AND date <= @date")
	case cut:
		return months + " AND month <= @date UNION ALL " + terms.byMonth("-", "date > @date AND date < "+nextMonth)
	}
	return months + " AND (@date::date IS NULL OR month <= @date)"
}

// byMonth are the terms of postings with their months, or those that take them
// back.
func (t terms) byMonth(sign, where string) string {
	return "SELECT line, month, " + forMeasures("CASE measure WHEN '%[2]s' THEN "+sign+"fen ELSE 0 END AS %[1]s") + `
		FROM (SELECT line, date_trunc('month', date::timestamp)::date AS month, measure, sum(amount_fen)::bigint AS fen
			FROM posting WHERE ` + t.where("date >= @first AND date <= @last AND "+where) + ` GROUP BY 1, 2, 3) p`
}

func (m *months) scanMonths(rows pgx.Rows) error {
	var key string
	var month int
	var old int64
	terms := make([]int64, len(reported))
	targets := []any{&key, &month}
	for i := range terms {
		targets = append(targets, &terms[i])
	}
	sums := make([][12]budget.Sums, len(m.rows))
	_, err := pgx.ForEachRow(rows, append(targets, &old), func() (err error) {
		i := m.at[key]
		into := &sums[i][month-1]
		for t, r := range reported {
			if into[r.as], err = into[r.as].Add(money.Amount(terms[t])); err != nil {
				return err
			}
		}
		m.rows[i].Old, err = m.rows[i].Old.Add(money.Amount(old))
		return err
	})
	for i := range m.rows {
		if err == nil {
			err = m.rows[i].add(&sums[i])
		}
	}
	return err
}

// add makes figures of the sums of twelve months.
func (s *Series) add(months *[12]budget.Sums) error {
	var total budget.Sums
	for month := range months {
		figures, err := months[month].Figures()
		if err != nil {
			return err
		}
		s.Executed[month], s.FullYear[month], s.Committed[month] = figures.Executed, figures.FullYear, figures.Committed
		if err := total.Add(months[month]); err != nil {
			return err
		}
	}
	var err error
	s.Figures, err = total.Figures()
	s.Old = max(s.Old, 0)
	return err
}

// How many days back payments are read together: for lines and projects, and for
// rows of so many lines that nearly all paid something just now.
const (
	recentDays       = 31
	recentDaysOfMany = 7
)

// paidSQL finds the last day on which anything was posted as paid: for rows that
// paid something in recent days among all postings since then, and for the others
// line by line.
func (m *months) paidSQL() string {
	key, narrow := groups[m.query.By].key, terms{narrow: m.query.narrow()}.where("true")
	const paid = "p.measure = 'executed' AND p.amount_fen > 0 AND p.sequence <= @through AND p.date <= @last AND (@date::date IS NULL OR p.date <= @date)"
	return "WITH " + lineScope + `,
		lines AS (SELECT line, max(date) AS date FROM posting p WHERE p.date > @recent AND ` + paid + " AND " + narrow + ` GROUP BY 1),
		recent AS (SELECT ` + key + ` AS key, max(lines.date) AS date FROM lines JOIN scope s ON s.id = lines.line GROUP BY 1)
		SELECT key, date FROM recent
		UNION ALL
		SELECT ` + key + `, max((SELECT max(p.date) FROM posting p WHERE p.line = s.id AND ` + paid + `))
		FROM scope s WHERE NOT EXISTS (SELECT FROM recent WHERE recent.key = ` + key + `) GROUP BY 1`
}

// recent is the day after which payments are recent: so many days before the end
// of the last month in which any row paid something, or before the day asked for.
func (m *months) recent() time.Time {
	last := 0
	for _, row := range m.rows {
		for month, paid := range row.Executed {
			if paid != 0 {
				last = max(last, month)
			}
		}
	}
	end := monthOf(m.query.Year, last).MonthEnd()
	if day := m.query.AsOf.Date; !day.IsZero() && day.Compare(end) < 0 {
		end = day
	}
	if m.query.By == ByLine || m.query.By == ByProject {
		return end.AddDays(-recentDays).Time()
	}
	return end.AddDays(-recentDaysOfMany).Time()
}

func (m *months) scanPaid(rows pgx.Rows) error {
	var key string
	var last *time.Time
	_, err := pgx.ForEachRow(rows, []any{&key, &last}, func() error {
		if last != nil {
			m.rows[m.at[key]].LastPaid = fiscal.DateOf(*last)
		}
		return nil
	})
	return err
}

// monthOf is the first day of a month of a year, counted from 0.
func monthOf(year fiscal.Year, month int) fiscal.Date {
	return fiscal.DateOf(time.Date(int(year), time.Month(month+1), 1, 0, 0, 0, 0, time.UTC))
}

// plansSQL finds the events that set use plans, unless the query is narrow of
// whatever line and year: those that are wanted are picked by whoever reads them.
func (m *months) plansSQL() string {
	sql := `SELECT sequence, subject_kind, subject, body FROM event
		WHERE type = @plan AND sequence <= @through AND (@date::date IS NULL OR date <= @date)`
	if m.query.narrow() {
		sql = "WITH " + lineScope + " " + sql + " AND NOT posted AND subject IN (SELECT id FROM scope UNION SELECT project FROM scope)"
	}
	return sql
}

// plan is a use plan as an event set it.
type plan struct {
	sequence uint64
	months   pace.Months
}

func (m *months) scanPlans(rows pgx.Rows) error {
	lines, projects := make(map[string]plan), make(map[string]plan)
	var kind, subject string
	var body []byte
	var found plan
	_, err := pgx.ForEachRow(rows, []any{&found.sequence, &kind, &subject, &body}, func() error {
		all := lines
		_, wanted := m.lines[subject]
		if events.Subject(kind) == events.OfProject {
			all = projects
			_, wanted = m.projects[subject]
		}
		if !wanted || found.sequence < all[subject].sequence {
			return nil
		}
		year, err := planned(body, &found.months)
		if year == m.query.Year {
			all[subject] = found
		}
		return err
	})
	if err != nil {
		return err
	}
	return m.plan(lines, projects)
}

// planned reads the year and the months of a plan.set event from its canonical
// bytes. Its data stands before any attribute of its own that could be named so,
// and in a text a quote is escaped: so each name is found where it is meant. That
// takes a tenth of the time of decoding, and a city has ten thousand plans.
func planned(body []byte, months *pace.Months) (fiscal.Year, error) {
	_, rest, found := bytes.Cut(body, []byte(`"months":["`))
	amounts, rest, ended := bytes.Cut(rest, []byte(`"]`))
	_, rest, dated := bytes.Cut(rest, []byte(`"year":`))
	if !found || !ended || !dated || len(rest) < len("2023") {
		return 0, fmt.Errorf("%w: a use plan without its months or its year: %.200s", events.ErrBroken, body)
	}
	month := 0
	for text := range bytes.SplitSeq(amounts, []byte(`","`)) {
		amount, err := money.Parse(string(text))
		if err != nil || month >= len(months) {
			return 0, fmt.Errorf("%w: the months of a use plan: %s", events.ErrBroken, amounts)
		}
		months[month] = amount
		month++
	}
	return fiscal.ParseYear(string(rest[:len("2023")]))
}

// plan gives the rows their plans: to a row by line its own, to one by project or
// unit the sum, in which a project's own plan stands for those of its lines.
func (m *months) plan(lines, projects map[string]plan) error {
	for id, p := range lines {
		of := m.lines[id]
		if _, covered := projects[of.project]; covered && m.query.By != ByLine {
			continue
		}
		if err := m.addPlan(p, map[By]string{ByLine: id, ByProject: of.project, ByUnit: of.unit}); err != nil {
			return err
		}
	}
	for id, p := range projects {
		if err := m.addPlan(p, map[By]string{ByProject: id, ByUnit: m.projects[id]}); err != nil {
			return err
		}
	}
	return nil
}

// addPlan adds a plan to the row that it counts for, by its key in each report.
func (m *months) addPlan(p plan, keys map[By]string) error {
	i, there := m.at[keys[m.query.By]]
	if !there {
		return nil
	}
	row := &m.rows[i]
	if row.Plan == nil {
		row.Plan = new(pace.Months)
	}
	for month, amount := range p.months {
		var err error
		if row.Plan[month], err = row.Plan[month].Add(amount); err != nil {
			return err
		}
	}
	return nil
}
