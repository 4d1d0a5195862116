package city

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
)

// builder makes the events up, line by line.
type builder struct {
	size   Size
	rand   *rand.Rand
	posted []Posted
	units  []events.UnitID
	lines  []line
	serial int
}

// line is a budget line in the making. Left is what may still be spent on it.
type line struct {
	id      events.LineID
	unit    events.UnitID
	project events.ProjectID
	year    fiscal.Year
	habit   habit
	opened  events.LineOpened
	left    money.Amount
}

// habit is how a line is executed: the share of its money, in thousandths, that
// is spent in each month.
type habit struct {
	name   string
	months [12]int
	often  int // weight of how many payments it makes
}

func habits() []habit {
	return []habit{
		{"even", [12]int{78, 80, 80, 82, 80, 81, 80, 80, 81, 82, 83, 85}, 8},
		{"even", [12]int{82, 82, 82, 82, 82, 82, 82, 82, 82, 82, 82, 82}, 3},
		{"early", [12]int{60, 150, 220, 210, 140, 80, 40, 30, 20, 20, 15, 10}, 2},
		{"late", [12]int{5, 10, 20, 25, 30, 45, 50, 60, 80, 120, 210, 290}, 3},
		{"lumpy", [12]int{0, 0, 260, 0, 0, 0, 310, 0, 0, 0, 330, 0}, 1},
		{"stopped", [12]int{40, 80, 110, 90, 50, 0, 0, 0, 0, 0, 0, 0}, 2},
		{"idle", [12]int{0, 0, 10, 0, 0, 15, 0, 0, 0, 0, 20, 5}, 1},
	}
}

// functions and economics are classes that lines are opened with.
var (
	functions = []events.FunctionClass{"2010301", "2050202", "2080505", "2101101", "2120101", "2130104", "2150805", "2210201"}
	economics = []events.EconomicClass{"30101", "30201", "30211", "30216", "30227", "31002", "31005", "30399"}
)

func (b *builder) say(day fiscal.Date, subject string, data events.Data) {
	b.serial++
	b.posted = append(b.posted, Posted{Day: day, ID: fmt.Sprintf("C%07d", b.serial), Subject: subject, Data: data})
}

// registers makes units, projects and lines: a city, departments of ten units,
// and what they spend on.
func (b *builder) registers() {
	first := Years()[0].First()
	b.say(first, "CITY", events.UnitRegistered{Name: "示例市"})
	var department events.UnitID
	for i := range b.size.Units {
		id := events.UnitID(fmt.Sprintf("U%03d", i))
		parent := events.UnitID("CITY")
		name := fmt.Sprintf("示例局%02d", i/10)
		if i%10 == 0 {
			department = id
		} else {
			parent, name = department, fmt.Sprintf("示例局%02d所属单位%d", i/10, i%10)
		}
		b.say(first, string(id), events.UnitRegistered{Name: events.Text(name), Parent: &parent})
		b.units = append(b.units, id)
	}
	projects, lines := b.size.Projects/2, b.size.Lines/2
	for _, year := range Years() {
		for i := range projects {
			kind := events.KindProject
			if i%5 == 0 {
				kind = events.KindBasic
			}
			b.say(year.First(), projectID(i), events.ProjectRegistered{
				Unit: b.units[i%len(b.units)], Year: year, Name: events.Text(fmt.Sprintf("示例项目%04d", i)), Kind: kind,
			})
		}
		for i := range lines {
			b.open(year, i, projects)
		}
	}
}

func projectID(i int) string { return fmt.Sprintf("P%04d", i) }

// open opens the i-th line of a year.
func (b *builder) open(year fiscal.Year, i, projects int) {
	project := i % projects
	all := habits()
	l := line{
		id: events.LineID(fmt.Sprintf("%d-%s-%05d", year, projectID(project), i)), unit: b.units[project%len(b.units)],
		project: events.ProjectID(projectID(project)), year: year, habit: all[(i*7+i/len(all))%len(all)],
	}
	fund := events.GeneralPublic
	switch {
	case i%9 == 0:
		fund = events.GovernmentFund
	case i%13 == 0:
		fund = events.UnitFunds
	}
	l.opened = events.LineOpened{
		Year: year, Unit: l.unit, Project: l.project, Name: events.Text(fmt.Sprintf("示例指标%05d", i)), Fund: fund, Vintage: year,
		FunctionClass: functions[project%len(functions)], EconomicClass: economics[i%len(economics)],
	}
	b.say(year.First(), string(l.id), l.opened)
	b.lines = append(b.lines, l)
}

// money makes what happens on the lines, and closes the books.
func (b *builder) money() {
	weight := 0
	for _, l := range b.lines {
		for _, share := range l.habit.months {
			weight += l.habit.often * share
		}
	}
	payments := b.size.Events - len(b.posted) - 2*len(b.lines)
	for i := range b.lines {
		b.year(&b.lines[i], payments*1000*b.lines[i].habit.often/weight)
	}
	for _, year := range Years() {
		for month := range 12 {
			closing := fiscal.Date{Year: year, Month: time.Month(month + 1), Day: 1}.MonthEnd().AddDays(closedAfter)
			b.say(closing, "CITY", events.PeriodClosed{Year: year, Month: events.Month(month + 1), Reason: "月度对账完成"})
		}
	}
}

// closedAfter is how many days after its end a month is closed, and latest how
// many days after its date an event is posted at the latest.
const (
	closedAfter = 10
	latest      = 8
)

// year makes a year of a line: its budget, its use plan, changes, payments, and
// what becomes of the rest.
func (b *builder) year(l *line, payments int) {
	budget := money.Amount(b.rand.IntN(900)+100) * 100_000 // 10 to 100 万元
	start := l.year.First().AddDays(10)
	b.say(start, string(l.id), events.BudgetAllocated{Amount: budget, Date: start, Document: events.Text(fmt.Sprintf("示财预〔%d〕%d号", l.year, b.serial%90+1))})
	l.left = budget
	if b.rand.IntN(10) < 6 {
		b.plan(l, budget)
	}
	b.change(l, budget)
	b.pay(l, budget, payments)
	if l.year == Years()[0] && l.left > 0 {
		b.carry(l)
	}
}

// plan sets the monthly use plan, a twelfth a month or what the line is used to.
func (b *builder) plan(l *line, budget money.Amount) {
	day := l.year.First().AddDays(20)
	set := events.PlanSet{Kind: events.OfLine, Year: l.year, Date: day, Document: "用款计划表"}
	for month := range set.Months {
		set.Months[month] = budget / 12
	}
	set.Months[11] += budget - 12*(budget/12)
	b.say(day, string(l.id), set)
}

// change supplements, reduces or freezes a few lines.
func (b *builder) change(l *line, budget money.Amount) {
	june := fiscal.Date{Year: l.year, Month: time.June, Day: 12}
	part := budget / 10
	switch b.rand.IntN(20) {
	case 0, 1:
		b.say(june, string(l.id), events.BudgetSupplemented{Amount: part, Date: june, Document: "示财预指〔追加〕", Reason: "新增任务"})
	case 2:
		b.say(june, string(l.id), events.BudgetFrozen{Amount: part, Date: june, Document: "示财绩〔冻结〕", Reason: "绩效监控"})
		august := june.AddDays(60)
		b.say(august, string(l.id), events.BudgetUnfrozen{Amount: part, Date: august, Document: "示财绩〔解冻〕", Reason: "整改到位"})
	}
}

// pay spreads payments over the year as the line is used to, never beyond nine
// tenths of the budget, so that a freeze of a tenth does no harm.
func (b *builder) pay(l *line, budget money.Amount, payments int) {
	spendable := budget / 10 * 9
	for month, share := range l.habit.months {
		here := spendable / 1000 * money.Amount(share)
		n := max(1, (payments*share+500)/1000)
		if here == 0 {
			continue
		}
		for range n {
			amount := here / money.Amount(n)
			date := fiscal.Date{Year: l.year, Month: time.Month(month + 1), Day: 11 + b.rand.IntN(17)}
			if amount <= 0 || amount > l.left {
				return
			}
			b.payment(l, amount, date)
		}
	}
}

// payment pays once; one in a hundred is posted late, one in two hundred comes
// partly back.
func (b *builder) payment(l *line, amount money.Amount, date fiscal.Date) {
	day := date
	if b.rand.IntN(100) == 0 {
		day = date.AddDays(1 + b.rand.IntN(latest))
	}
	b.say(day, string(l.id), events.DisbursementPaid{
		Amount: amount, Date: date, Document: events.Text(fmt.Sprintf("%d-%07d", l.year, b.serial)),
		Payee: events.Text(fmt.Sprintf("示例供应商%03d", b.rand.IntN(500))), Purpose: "项目支出",
	})
	l.left -= amount
	if back := amount / 20; back > 0 && b.rand.IntN(200) == 0 {
		paid := events.EventID(b.posted[len(b.posted)-1].ID)
		b.say(day, string(l.id), events.DisbursementRefunded{Payment: paid, Amount: back, Date: date, Reason: "多付退回"})
		l.left += back
	}
}

// carry sends what is left of the first year on to the second, on a line of the
// older vintage, or returns it.
func (b *builder) carry(l *line) {
	last, first := l.year.Last(), Years()[1].First()
	left := l.left / 2 // supplements and roundings stay out of it
	if left == 0 || b.rand.IntN(4) > 0 {
		return
	}
	if b.rand.IntN(3) == 0 {
		b.say(last, string(l.id), events.SurplusReturned{Amount: left, Date: last, Document: "缴款书", Reason: "项目完成后的结余"})
		return
	}
	opened := l.opened
	opened.Year = Years()[1]
	to := l.id + "-JZ"
	b.say(first, string(to), opened)
	b.say(last, string(l.id), events.CarryoverSent{Amount: left, Date: last, ToYear: opened.Year, Document: "示财库〔结转〕"})
	april := first.AddDays(107)
	b.say(first.AddDays(4), string(to), events.CarryoverReceived{Amount: left, Date: first, FromYear: l.year, Document: "示财库〔估计〕"})
	b.say(april, string(to), events.CarryoverConfirmed{Amount: left, Date: april, FromYear: l.year, Document: "示财库〔决算〕"})
	carried := line{id: to, unit: l.unit, project: l.project, year: opened.Year, habit: l.habit, opened: opened, left: left}
	may := fiscal.Date{Year: opened.Year, Month: time.May, Day: 15}
	if half := left / 2; half > 0 {
		b.payment(&carried, half, may)
	}
}
