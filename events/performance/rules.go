package performance

import (
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/money"
)

// Rules say how a form's points are found. They are a part of its template:
// plain data. [Default] is the central project form's; call [Rules.Validate]
// before anything else, the other methods rely on it.
type Rules struct {
	// ExecutionWeight is the weight of the execution rate, such as "10", or "20"
	// in Hubei. Empty gives no points for it.
	ExecutionWeight events.Points `json:"execution_weight,omitempty"`
	// Quantitative says what a quantitative indicator gets that is not met.
	Quantitative Quantitative `json:"quantitative"`
	// ByHand says what a score by hand is for a quantitative indicator.
	ByHand ByHand `json:"by_hand"`
	// Bands are the grades of qualitative indicators, the best first.
	Bands []Band `json:"bands"`
	// Overshoot is the percentage of its target above which an actual value asks
	// for the reason, such as "130". Empty never asks.
	Overshoot events.Points `json:"overshoot,omitempty"`
	// NotApplicable says where the weight of a row goes that is 不适用.
	NotApplicable NotApplicable `json:"not_applicable"`
	// Digits and Rounding say how the points of a row and the total are printed.
	Digits   int            `json:"digits"`
	Rounding money.Rounding `json:"rounding"`
	// SumOf says what the total adds up.
	SumOf SumOf `json:"sum_of"`
	// Grades are the grades of the total, the best first. Without any, a total has
	// none.
	Grades []GradeEdge `json:"grades,omitempty"`
}

// Quantitative names what an indicator gets that is not met.
type Quantitative string

// The modes.
const (
	// Proportional gives weight × actual/target (≤: target/actual).
	Proportional Quantitative = "proportional"
	// AllOrNothing gives nothing.
	AllOrNothing Quantitative = "all_or_nothing"
)

// ByHand names what becomes of a score that somebody gave a quantitative
// indicator.
type ByHand string

// The ways. A qualitative indicator is always scored by hand, and so is a
// quantitative one that the rule cannot score.
const (
	// Counts takes the score in place of the rule's.
	Counts ByHand = "counts"
	// Checked takes the rule's score; the one by hand stands beside it.
	Checked ByHand = "checked"
)

// NotApplicable names where the weight of a row goes that is 不适用.
type NotApplicable string

// The ways.
const (
	// Redistribute gives it to the other rows of the same first level in proportion
	// to their weights or, if there are none, to all rows.
	Redistribute NotApplicable = "redistribute"
	// Scale multiplies the total up to [FullMarks].
	Scale NotApplicable = "scale"
)

// SumOf names what a total adds up.
type SumOf string

// The ways.
const (
	// Printed adds the points as printed: a form must add up for whoever checks
	// it with a pencil.
	Printed SumOf = "printed"
	// Exact adds the exact points and rounds once.
	Exact SumOf = "exact"
)

// Band is a grade of qualitative indicators: the coefficients (得分系数) from From
// down to To, in percent. To belongs to the band, From to the one above; the best
// band includes its From.
type Band struct {
	Grade string `json:"grade"`
	// Also are other names of the grade.
	Also []string      `json:"also,omitempty"`
	From events.Points `json:"from"`
	To   events.Points `json:"to"`
}

// GradeEdge is a grade of the total: From and all points above it, up to the
// grade before.
type GradeEdge struct {
	Grade string        `json:"grade"`
	From  events.Points `json:"from"`
}

// FullMarks are the points of a form on which everything is reached.
const FullMarks = 100

// Default are the rules of the central project form: execution 10 points; bands
// 100–80, 80–60, 60–0, each with its lower edge; grades 优 from 90, 良 from 80, 中
// from 60, 差. Older forms and Hubei's have the second band 80–50.
func Default() Rules {
	return Rules{
		ExecutionWeight: "10",
		Quantitative:    Proportional,
		ByHand:          Counts,
		Bands: []Band{
			{Grade: "达成", Also: []string{"达成预期指标", "全部或基本达成预期指标"}, From: "100", To: "80"},
			{Grade: "部分达成", Also: []string{"部分达成并具有一定效果", "部分达成预期指标并具有一定效果"}, From: "80", To: "60"},
			{Grade: "未达成", Also: []string{"未达成且效果较差", "未达成预期指标且效果较差"}, From: "60", To: "0"},
		},
		Overshoot:     "130",
		NotApplicable: Redistribute,
		Digits:        2,
		Rounding:      money.HalfUp,
		SumOf:         Printed,
		Grades:        []GradeEdge{{"优", "90"}, {"良", "80"}, {"中", "60"}, {"差", "0"}},
	}
}

// RuleError is one thing that is wrong with rules.
type RuleError struct {
	// Field is the place in the JSON, such as "bands[1].from".
	Field string
	// Problem says what is wrong and what may stand there.
	Problem string
}

// Error says field and problem.
func (e RuleError) Error() string { return e.Field + ": " + e.Problem }

// Validate joins a [RuleError] for each thing that is wrong, or returns nil.
func (r Rules) Validate() error {
	var v validation
	v.points("execution_weight", r.ExecutionWeight, FullMarks)
	oneOf(&v, "quantitative", r.Quantitative, Proportional, AllOrNothing)
	oneOf(&v, "by_hand", r.ByHand, Counts, Checked)
	v.bands(r.Bands)
	if r.Overshoot != "" && v.points("overshoot", r.Overshoot, maxPoints) && exact(r.Overshoot).Cmp(hundred) < 0 {
		v.wrong("overshoot", "%s is below 100 percent of the target: a target that is met is no overshoot", r.Overshoot)
	}
	oneOf(&v, "not_applicable", r.NotApplicable, Redistribute, Scale)
	if r.Digits < 0 || r.Digits > maxDigits {
		v.wrong("digits", "%d: write 0 to %d", r.Digits, maxDigits)
	}
	oneOf(&v, "rounding", r.Rounding, money.Roundings()...)
	oneOf(&v, "sum_of", r.SumOf, Printed, Exact)
	v.grades(r.Grades)
	return errors.Join(v...)
}

const (
	// maxPoints is the largest value of events.Points.
	maxPoints = 1000
	// maxDigits is the largest number of decimals of printed points.
	maxDigits = 4
)

var (
	hundred = big.NewRat(100, 1)
	decimal = regexp.MustCompile(`^[0-9]{1,4}(\.[0-9]{1,4})?$`)
)

// exact is the number that points state. Points come from checked events and
// validated rules: others panic.
func exact(p events.Points) *big.Rat {
	if !decimal.MatchString(string(p)) {
		panic(fmt.Sprintf("performance: %q are no points: validate the rules first", p))
	}
	value, _ := new(big.Rat).SetString(string(p))
	return value
}

// validation collects what is wrong.
type validation []error

func (v *validation) wrong(field, problem string, args ...any) {
	*v = append(*v, RuleError{field, fmt.Sprintf(problem, args...)})
}

// points checks a decimal that may be left out, and says whether it is there and
// right.
func (v *validation) points(field string, p events.Points, most int64) bool {
	if p == "" {
		return false
	}
	if !decimal.MatchString(string(p)) || exact(p).Cmp(big.NewRat(most, 1)) > 0 {
		v.wrong(field, `%q: write a decimal string from "0" to "%d" with at most four decimals`, p, most)
		return false
	}
	return true
}

func oneOf[T ~string](v *validation, field string, value T, allowed ...T) {
	if slices.Contains(allowed, value) {
		return
	}
	words := make([]string, len(allowed))
	for i, a := range allowed {
		words[i] = string(a)
	}
	v.wrong(field, "%q: write %s", value, strings.Join(words, ", "))
}

// bands checks that the bands cover 100 to 0 without a gap.
func (v *validation) bands(bands []Band) {
	if len(bands) == 0 {
		v.wrong("bands", "empty: qualitative indicators need at least one band, from 100 to 0")
		return
	}
	names := map[string]bool{}
	next := events.Points("100")
	for i, band := range bands {
		at := fmt.Sprintf("bands[%d]", i)
		for _, name := range append([]string{band.Grade}, band.Also...) {
			v.name(at+".grade", name, names)
		}
		if !v.required(at+".from", band.From, FullMarks) || !v.required(at+".to", band.To, FullMarks) {
			return
		}
		if exact(band.From).Cmp(exact(next)) != 0 {
			v.wrong(at+".from", "%s: the band begins where the one before it ends, at %s", band.From, next)
		}
		if exact(band.To).Cmp(exact(band.From)) >= 0 {
			v.wrong(at+".to", "%s is not below from, %s: a band goes down", band.To, band.From)
		}
		next = band.To
	}
	if exact(next).Sign() != 0 {
		v.wrong(fmt.Sprintf("bands[%d].to", len(bands)-1), "%s: the last band ends at 0", next)
	}
}

// grades checks that the grades go down to 0.
func (v *validation) grades(grades []GradeEdge) {
	names := map[string]bool{}
	for i, grade := range grades {
		at := fmt.Sprintf("grades[%d]", i)
		v.name(at+".grade", grade.Grade, names)
		if !v.required(at+".from", grade.From, maxPoints) {
			return
		}
		if i > 0 && exact(grade.From).Cmp(exact(grades[i-1].From)) >= 0 {
			v.wrong(at+".from", "%s is not below %s of the grade before: write the best grade first", grade.From, grades[i-1].From)
		}
	}
	if last := len(grades) - 1; last >= 0 && exact(grades[last].From).Sign() != 0 {
		v.wrong(fmt.Sprintf("grades[%d].from", last), "%s: the last grade begins at 0", grades[last].From)
	}
}

func (v *validation) name(field, name string, taken map[string]bool) {
	switch {
	case strings.TrimSpace(name) == "":
		v.wrong(field, "empty: write the grade's name")
	case taken[name]:
		v.wrong(field, "%q is the name of another grade already", name)
	}
	taken[name] = true
}

func (v *validation) required(field string, p events.Points, most int64) bool {
	if p == "" {
		v.wrong(field, "empty: write a decimal string")
	}
	return v.points(field, p, most)
}

// bandOf is the band of a coefficient in percent.
func (r Rules) bandOf(coefficient *big.Rat) Band {
	for _, band := range r.Bands {
		if coefficient.Cmp(exact(band.To)) >= 0 {
			return band
		}
	}
	return r.Bands[len(r.Bands)-1]
}

// graded finds the band of a grade's name.
func (r Rules) graded(name string) (Band, bool) {
	for _, band := range r.Bands {
		if band.Grade == name || slices.Contains(band.Also, name) {
			return band, true
		}
	}
	return Band{}, false
}

// Grade is the grade of a total, by the exact edges: 90 is 优, 89.9999 is 良. It
// is empty if the rules have no grades.
func (r Rules) Grade(total *big.Rat) string {
	for _, grade := range r.Grades {
		if total.Cmp(exact(grade.From)) >= 0 {
			return grade.Grade
		}
	}
	return ""
}

// Print writes points as the form shows them, rounded once.
func (r Rules) Print(points *big.Rat) string { return money.Print(points, r.Digits, r.Rounding) }
