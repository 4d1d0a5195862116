package forms

import (
	"math/big"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/projections"
)

// Subject is what a form is about: a project of a year, or a unit (with all
// under it) in a year.
type Subject struct {
	Kind events.Subject `json:"kind"` // events.OfProject or events.OfUnit
	ID   string         `json:"id"`
	Year fiscal.Year    `json:"year"`
}

// Project is the subject of a project's form.
func Project(id events.ProjectID, year fiscal.Year) Subject {
	return Subject{Kind: events.OfProject, ID: string(id), Year: year}
}

// Unit is the subject of a department's form.
func Unit(id events.UnitID, year fiscal.Year) Subject {
	return Subject{Kind: events.OfUnit, ID: string(id), Year: year}
}

// Form is a derived self-evaluation form. Its Declared part is the declared-form
// JSON, every value as printed; Cells holds, for each printed value that was
// computed or that an event states, what it is exactly and what it is made of.
type Form struct {
	Declared
	Subject  Subject          `json:"subject"`
	AsOf     projections.AsOf `json:"-"`
	Sequence uint64           `json:"through_sequence"`
	// RateInitial is the rate against the initial budget as printed, or nil.
	RateInitial *string `json:"rate_initial"`
	// Changes are what led from the initial to the full-year budget, oldest first.
	Changes []Change        `json:"changes"`
	Cells   map[string]Cell `json:"cells"`
	// Warnings are what the form needs a person for: a missing reason, a target
	// that was far exceeded, an indicator without a report. Each is a code with
	// the cell that it concerns.
	Warnings []Warning `json:"warnings"`
}

// Declared is a form in the shape of declared forms: cells as printed, nil
// where the cell is blank.
type Declared struct {
	ID               string         `json:"id"`
	Kind             string         `json:"kind"` // project or department
	Year             fiscal.Year    `json:"year"`
	Template         string         `json:"template"`
	MoneyUnit        string         `json:"money_unit"` // 万元 or 元
	Department       string         `json:"department"`
	ImplementingUnit *string        `json:"implementing_unit"`
	Project          *string        `json:"project"`
	Funds            []FundRow      `json:"funds"`
	Income           *Income        `json:"income,omitempty"`
	Spending         *Spending      `json:"spending,omitempty"`
	Execution        *Execution     `json:"execution"`
	Goal             Goal           `json:"goal"`
	Indicators       []IndicatorRow `json:"indicators"`
	Total            Total          `json:"total"`
	FilledOn         *string        `json:"filled_on"`
}

// FundRow is a row of the table of money; Row is total, current_appropriation,
// carryover, other or a template's own key.
type FundRow struct {
	Row      string  `json:"row"`
	Label    string  `json:"label"`
	Initial  *string `json:"initial"`
	FullYear *string `json:"full_year"`
	Executed *string `json:"executed"`
	// Rate is that of a row other than total that the template gives one.
	Rate *string `json:"rate,omitempty"`
}

// Income is a department's money by its nature.
type Income struct {
	GeneralPublicBudget  *string `json:"general_public_budget"`
	GovernmentFund       *string `json:"government_fund"`
	SpecialAccountNontax *string `json:"special_account_nontax"`
	Other                *string `json:"other"`
}

// Spending is a department's money by its use.
type Spending struct {
	Basic   *string `json:"basic"`
	Project *string `json:"project"`
}

// Execution is the scored execution rate.
type Execution struct {
	Weight *string `json:"weight"`
	Rate   *string `json:"rate"`
	Score  *string `json:"score"`
	// Reason is why the rate is what it is, where somebody said so.
	Reason *string `json:"reason,omitempty"`
}

// Goal is the year's goal in words and what became of it.
type Goal struct {
	Expected *string `json:"expected"`
	Actual   *string `json:"actual"`
}

// IndicatorRow is a row of the table of indicators.
type IndicatorRow struct {
	Level1 string  `json:"level1"`
	Level2 string  `json:"level2"`
	Level3 string  `json:"level3"`
	Target *string `json:"target"`
	Actual *string `json:"actual"`
	Weight *string `json:"weight"`
	Score  *string `json:"score"`
	Note   *string `json:"note"`

	// What the forms of some regions have beside these.
	Indicator      events.IndicatorID `json:"indicator,omitempty"` // its code
	Operator       *string            `json:"operator,omitempty"`
	AdjustedTarget *string            `json:"adjusted_target,omitempty"`
	MeasuringUnit  *string            `json:"measuring_unit,omitempty"`
	Coefficient    *string            `json:"coefficient,omitempty"` // score / weight in percent
	Core           bool               `json:"core,omitempty"`
	// Computed says that the actual value was not reported but derived.
	Computed bool `json:"computed,omitempty"`
}

// Total is the last row.
type Total struct {
	Weight *string `json:"weight"`
	Score  *string `json:"score"`
	Grade  *string `json:"grade"`
}

// Cell is a value of a form: what is printed, what it is exactly, how it was
// rounded, and what it is made of. Names are paths into the declared part:
//
//	funds.ROW.VALUE    money and rates of a row; VALUE is initial, full_year,
//	                   executed, adjustment, unspent, rate or rate_initial
//	execution.weight   execution.rate, execution.score
//	income.VALUE       spending.VALUE
//	indicators.N.VALUE weight, score, coefficient, target, actual, note; N from 0
//	goal.expected      goal.actual
//	total.weight       total.score, total.grade
//	rate_initial       the rate against the initial budget
//
// Words (target, actual, note, goal, grade) are cells, too, because they have
// events under them; they have no exact value.
type Cell struct {
	Printed string `json:"printed"`
	// Exact is the value before rounding, in the unit that is printed: 万元 or 元,
	// percent, points. As JSON a fraction "2057/40". It is nil, and the fraction
	// empty, for words and for a rate without a budget.
	Exact    *big.Rat       `json:"-"`
	Fraction string         `json:"exact,omitempty"`
	Fen      *money.Amount  `json:"amount,omitempty"` // of a money cell; as JSON in yuan
	Digits   int            `json:"digits"`
	Rounding money.Rounding `json:"rounding,omitempty"`
	// Query and Measures find the postings under a money cell, a rate or
	// execution points; empty Measures: not made of postings.
	Query    projections.Query `json:"-"`
	Measures []budget.Measure  `json:"-"`
	// Events are the sequences of the events under a cell that is not made of
	// postings alone: an indicator's definition, report and score.
	Events []uint64 `json:"events,omitempty"`
	// Of are the cells that a cell is made of, such as all points under the total.
	Of []string `json:"of,omitempty"`
}

// Change is one event between the initial and the full-year budget.
type Change struct {
	Sequence uint64        `json:"sequence"`
	Line     events.LineID `json:"line"`
	Measure  string        `json:"measure"`
	Amount   money.Amount  `json:"amount"` // signed: what it adds to the full-year budget, in yuan
	Date     fiscal.Date   `json:"date"`
	Document events.Text   `json:"document"`
	Reason   events.Note   `json:"reason"`
}

// Warning is what a form needs a person for.
type Warning struct {
	Code WarningCode `json:"code"`
	Cell string      `json:"cell"`
}

// WarningCode says what the matter is.
type WarningCode string

// The warnings.
const (
	// RateWithoutReason: the rate is below the template's bound and nobody said why.
	RateWithoutReason WarningCode = "rate_without_reason"
	// BudgetChanged: the full-year budget is not the initial one.
	BudgetChanged WarningCode = "budget_changed"
	// NoBudget: there is no full-year budget, so there is no rate.
	NoBudget WarningCode = "no_budget"
	// Overspent: more was executed than the full-year budget.
	Overspent WarningCode = "overspent"
	// RowsIncomplete: there is money that no row but total shows.
	RowsIncomplete WarningCode = "rows_incomplete"
	// GoalNotSet and GoalNotReported: the words of the goal are missing.
	GoalNotSet      WarningCode = "goal_not_set"
	GoalNotReported WarningCode = "goal_not_reported"
	// NoIndicators: nothing but the rate is measured.
	NoIndicators WarningCode = "no_indicators"
	// NotReported: an indicator has no actual value.
	NotReported WarningCode = "indicator_not_reported"
	// NotScored: an indicator has no points, because its values cannot be compared
	// and nobody scored it.
	NotScored WarningCode = "indicator_not_scored"
	// DeviationWithoutReason: an indicator lost points and nobody said why.
	DeviationWithoutReason WarningCode = "deviation_without_reason"
	// OvershootWithoutReason: a target was far exceeded and nobody said why.
	OvershootWithoutReason WarningCode = "overshoot_without_reason"
	// WeightsIncomplete: the weights do not add up to 100.
	WeightsIncomplete WarningCode = "weights_incomplete"
)
