package events

import (
	"encoding/json"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/outturn/outturn/events/fiscal"
)

// Limits of what a field may hold.
const (
	MaxCode = 64   // bytes of a code
	MaxID   = 128  // bytes of an event's id and of its source
	MaxText = 300  // characters of a name or a document number
	MaxNote = 2000 // characters of a reason, purpose or memo
)

// UnitID, ProjectID, LineID, CommitmentID and IndicatorID are codes: 1 to 64
// of A–Z a–z 0–9 _ -. A ProjectID may be registered again for another year.
type (
	UnitID       string
	ProjectID    string
	LineID       string
	CommitmentID string
	IndicatorID  string
)

// EventID is the id of an event within its source: 1 to 128 visible ASCII
// characters.
type EventID string

// Text is a name or a number on paper, on one line. Note is a sentence or
// more, and may have line breaks.
type (
	Text string
	Note string
)

// FunctionClass is a functional class 类/款/项 (3, 5 or 7 digits) and
// EconomicClass an economic class 类/款 (3 or 5 digits).
type (
	FunctionClass string
	EconomicClass string
)

// Month is a month of a fiscal year, 1 to 12.
type Month int

// Fund is the nature of the money (资金性质).
type Fund string

// The funds.
const (
	GeneralPublic   Fund = "general_public"   // 一般公共预算
	GovernmentFund  Fund = "government_fund"  // 政府性基金
	StateCapital    Fund = "state_capital"    // 国有资本经营
	SocialInsurance Fund = "social_insurance" // 社会保险基金
	SpecialAccount  Fund = "special_account"  // 财政专户管理资金(非税)
	UnitFunds       Fund = "unit_funds"       // 单位资金/其他资金
)

// Funds lists the funds in the order that forms print them.
func Funds() []Fund {
	return []Fund{GeneralPublic, GovernmentFund, StateCapital, SocialInsurance, SpecialAccount, UnitFunds}
}

// ProjectKind tells a project from basic expenditure (基本支出).
type ProjectKind string

// The kinds.
const (
	KindProject ProjectKind = "project"
	KindBasic   ProjectKind = "basic"
)

// ProjectKinds lists the kinds.
func ProjectKinds() []ProjectKind { return []ProjectKind{KindProject, KindBasic} }

// Subject is the kind of thing that an event is about; it is the second token
// of the event's NATS subject.
type Subject string

// The kinds of subject.
const (
	OfUnit    Subject = "unit"
	OfProject Subject = "project"
	OfLine    Subject = "line"
	OfUser    Subject = "user"
)

// Subjects lists the kinds of subject.
func Subjects() []Subject { return []Subject{OfUnit, OfProject, OfLine, OfUser} }

// invalid is what a field's own check returns; the decoder adds the place.
type invalid struct{ want string }

func (e invalid) Error() string { return "must be " + e.want }

// What a code and an id have to be, in words.
var (
	wantCode    = fmt.Sprintf("a code: 1 to %d of A-Z a-z 0-9 _ -", MaxCode)
	wantVisible = fmt.Sprintf("1 to %d visible ASCII characters", MaxID)
)

func checkCode(s string) error {
	if s == "" || len(s) > MaxCode || strings.ContainsFunc(s, notCode) {
		return invalid{wantCode}
	}
	return nil
}

func notCode(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-')
}

func checkVisible(s string) error {
	notVisible := func(r rune) bool { return r < '!' || r > '~' }
	if s == "" || len(s) > MaxID || strings.ContainsFunc(s, notVisible) {
		return invalid{wantVisible}
	}
	return nil
}

func checkText(s string) error {
	if strings.TrimSpace(s) == "" || utf8.RuneCountInString(s) > MaxText || strings.ContainsFunc(s, unicode.IsControl) {
		return invalid{fmt.Sprintf("1 to %d characters on one line", MaxText)}
	}
	return nil
}

func checkNote(s string) error {
	bad := func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }
	if strings.TrimSpace(s) == "" || utf8.RuneCountInString(s) > MaxNote || strings.ContainsFunc(s, bad) {
		return invalid{fmt.Sprintf("1 to %d characters", MaxNote)}
	}
	return nil
}

func checkDigits(s string, lengths ...int) error {
	onlyDigits := !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
	words := make([]string, len(lengths))
	for i, length := range lengths {
		if onlyDigits && len(s) == length {
			return nil
		}
		words[i] = strconv.Itoa(length)
	}
	return invalid{strings.Join(words, " or ") + " digits"}
}

func checkOneOf[T ~string](value T, allowed []T) error {
	words := make([]string, len(allowed))
	for i, a := range allowed {
		if value == a {
			return nil
		}
		words[i] = string(a)
	}
	return invalid{"one of " + strings.Join(words, ", ")}
}

func (id UnitID) check() error       { return checkCode(string(id)) }
func (id ProjectID) check() error    { return checkCode(string(id)) }
func (id LineID) check() error       { return checkCode(string(id)) }
func (id CommitmentID) check() error { return checkCode(string(id)) }
func (id IndicatorID) check() error  { return checkCode(string(id)) }
func (id EventID) check() error      { return checkVisible(string(id)) }
func (t Text) check() error          { return checkText(string(t)) }
func (n Note) check() error          { return checkNote(string(n)) }
func (c FunctionClass) check() error { return checkDigits(string(c), 3, 5, 7) }
func (c EconomicClass) check() error { return checkDigits(string(c), 3, 5) }
func (f Fund) check() error          { return checkOneOf(f, Funds()) }
func (k ProjectKind) check() error   { return checkOneOf(k, ProjectKinds()) }
func (s Subject) check() error       { return checkOneOf(s, Subjects()) }

func (m Month) check() error {
	if m < 1 || m > 12 {
		return invalid{"a month from 1 to 12"}
	}
	return nil
}

// checkYear is the check of a fiscal.Year, which lives in a package that knows
// nothing of events.
func checkYear(y fiscal.Year) error {
	if y.Validate() != nil {
		return invalid{fmt.Sprintf("a year from %d to %d", fiscal.MinYear, fiscal.MaxYear)}
	}
	return nil
}

// AlertID names a case, AlertRule the rule that raised it; both are codes.
type (
	AlertID   string
	AlertRule string
)

// Answer is what a unit will do about an alert.
type Answer string

// The answers (川财绩〔2025〕10号: continue, reallocate or cancel).
const (
	AnswerContinue   Answer = "continue"
	AnswerReallocate Answer = "reallocate"
	AnswerCancel     Answer = "cancel"
)

// Answers lists the answers.
func Answers() []Answer { return []Answer{AnswerContinue, AnswerReallocate, AnswerCancel} }

// Operator says how an indicator's actual value meets its target.
type Operator string

// The operators (指标性质).
const (
	Equal       Operator = "="
	AtLeast     Operator = "≥"
	AtMost      Operator = "≤"
	Qualitative Operator = "qualitative" // 定性
)

// Operators lists the operators.
func Operators() []Operator { return []Operator{Equal, AtLeast, AtMost, Qualitative} }

// Computation names an indicator whose actual value is a figure that Outturn
// derives from the books.
type Computation string

// The computations.
const (
	ComputedExecutionRate  Computation = "execution_rate"  // 预算执行率
	ComputedAdjustmentRate Computation = "adjustment_rate" // 预算调整率
	ComputedCarryoverRate  Computation = "carryover_rate"  // 结转结余率
	ComputedThreePublic    Computation = "three_public"    // “三公”经费控制率
	ComputedAdjustments    Computation = "adjustments"     // 预算调整次数
)

// Computations lists the computations.
func Computations() []Computation {
	return []Computation{ComputedExecutionRate, ComputedAdjustmentRate, ComputedCarryoverRate, ComputedThreePublic, ComputedAdjustments}
}

// Points are points or a weight: a decimal string from "0" to "1000" with at
// most four decimals.
type Points string

// Digest is a SHA-256 in 64 lower-case hexadecimal digits.
type Digest string

// Position is a sequence of the log; the first is 1.
type Position uint64

// maxPosition is the largest integer that every JSON reader keeps exactly
// (RFC 7493, section 2.2).
const maxPosition Position = 1<<53 - 1

var (
	pointsPattern = regexp.MustCompile(`^([0-9]{1,3}(\.[0-9]{1,4})?|1000(\.0{1,4})?)$`)
	digestPattern = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// Rat is the number exactly; 0 for points that are absent.
func (p Points) Rat() *big.Rat { return rat(string(p)) }

func rat(decimal string) *big.Rat {
	if number, ok := new(big.Rat).SetString(decimal); ok {
		return number
	}
	return new(big.Rat)
}

func (id AlertID) check() error  { return checkCode(string(id)) }
func (r AlertRule) check() error { return checkCode(string(r)) }

func (a Answer) check() error   { return checkOneOf(a, Answers()) }
func (o Operator) check() error { return checkOneOf(o, Operators()) }

func (c Computation) check() error { return checkOneOf(c, Computations()) }

func (p Points) check() error {
	if !pointsPattern.MatchString(string(p)) {
		return invalid{`a decimal string from "0" to "1000" with at most four decimals`}
	}
	return nil
}

func (d Digest) check() error {
	if !digestPattern.MatchString(string(d)) {
		return invalid{"a SHA-256 in 64 lower-case hexadecimal digits"}
	}
	return nil
}

func (p Position) check() error {
	if p < 1 || p > maxPosition {
		return invalid{"a sequence of the log, from 1 on"}
	}
	return nil
}

// UserID, TokenID, ControlID, OverrideID, ReviewID and ProposalID are codes.
type (
	UserID     string
	TokenID    string
	ControlID  string
	OverrideID string
	ReviewID   string
	ProposalID string
)

// Role is what a user may do; see package access for what each role covers.
type Role string

// The roles.
const (
	Viewer   Role = "viewer"   // 查看
	Poster   Role = "poster"   // 经办
	Approver Role = "approver" // 复核
	Auditor  Role = "auditor"  // 审计
	Admin    Role = "admin"    // 管理
)

// Roles lists the roles.
func Roles() []Role { return []Role{Viewer, Poster, Approver, Auditor, Admin} }

// SignInMethod is how somebody signed in.
type SignInMethod string

// The methods.
const (
	SignInToken SignInMethod = "token"
	SignInOIDC  SignInMethod = "oidc"
)

// SignInMethods lists the methods.
func SignInMethods() []SignInMethod { return []SignInMethod{SignInToken, SignInOIDC} }

// Availability is what happens to a use of money that is more than is available.
type Availability string

// The policies.
const (
	Reject Availability = "reject" // refused
	Warn   Availability = "warn"   // taken, and said
	Allow  Availability = "allow"  // taken
)

// Availabilities lists the policies.
func Availabilities() []Availability { return []Availability{Reject, Warn, Allow} }

// Pool is what availability is controlled on. A pool never mixes funds,
// vintages or years.
type Pool string

// The pools, from the narrowest to the widest.
const (
	PoolLine    Pool = "line"    // the line alone
	PoolClass   Pool = "class"   // the project's lines of one economic class 类
	PoolProject Pool = "project" // the project's lines
)

// Pools lists the pools.
func Pools() []Pool { return []Pool{PoolLine, PoolClass, PoolProject} }

// PlanLimit says whether payments are held to the use plan (用款计划), and by
// the end of which periods.
type PlanLimit string

// The limits.
const (
	PlanNone    PlanLimit = "none"
	PlanMonth   PlanLimit = "month"
	PlanQuarter PlanLimit = "quarter"
)

// PlanLimits lists the limits.
func PlanLimits() []PlanLimit { return []PlanLimit{PlanNone, PlanMonth, PlanQuarter} }

// Types is a list of event types that a rule is about: 1 to 20, none twice.
type Types []Type

// maxTypes bounds a rule's list of types.
const maxTypes = 20

// Submitted is an event within an event: the canonical bytes of one that [Parse]
// takes.
type Submitted json.RawMessage

// MarshalJSON writes the event as it is.
func (s Submitted) MarshalJSON() ([]byte, error) { return json.RawMessage(s).MarshalJSON() }

// UnmarshalJSON keeps a copy of the event's bytes.
func (s *Submitted) UnmarshalJSON(raw []byte) error {
	*s = slices.Clone(raw)
	return nil
}

func (id UserID) check() error      { return checkCode(string(id)) }
func (id TokenID) check() error     { return checkCode(string(id)) }
func (id ControlID) check() error   { return checkCode(string(id)) }
func (id OverrideID) check() error  { return checkCode(string(id)) }
func (id ReviewID) check() error    { return checkCode(string(id)) }
func (id ProposalID) check() error  { return checkCode(string(id)) }
func (r Role) check() error         { return checkOneOf(r, Roles()) }
func (m SignInMethod) check() error { return checkOneOf(m, SignInMethods()) }
func (a Availability) check() error { return checkOneOf(a, Availabilities()) }
func (p Pool) check() error         { return checkOneOf(p, Pools()) }
func (p PlanLimit) check() error    { return checkOneOf(p, PlanLimits()) }

func (t Types) check() error {
	unknown := func(one Type) bool { return byType[one] == nil }
	if len(t) == 0 || len(t) > maxTypes || slices.ContainsFunc(t, unknown) || len(slices.Compact(slices.Sorted(slices.Values(t)))) != len(t) {
		return invalid{fmt.Sprintf("1 to %d names of event types, none twice", maxTypes)}
	}
	return nil
}

func (s Submitted) check() error {
	if _, err := Parse(s); err != nil {
		return invalid{"an event: " + err.Error()}
	}
	return nil
}

// PaceID names a pace rule; it is a code.
type PaceID string

// Curve names how the progress of a year is measured (序时进度).
type Curve string

// The curves. See package pace for what each comes to on a day.
const (
	CurveMonth   Curve = "month"   // months begun, of 12
	CurveDay     Curve = "day"     // days passed, of 365 or 366
	CurveQuarter Curve = "quarter" // quarters begun, of 4
	CurvePlan    Curve = "plan"    // the use plan (用款计划)
	CurveSteps   Curve = "steps"   // the percent of the last step passed
)

// Curves lists the curves.
func Curves() []Curve { return []Curve{CurveMonth, CurveDay, CurveQuarter, CurvePlan, CurveSteps} }

// Days is a number of days, 1 to 366.
type Days int

const maxDays Days = 366

// Percent is a rate in percent as it was printed: a decimal string with at most
// four decimals. It may be negative, and above 100.
type Percent string

// Step asks for a percent of the full-year budget, "0" to "100", by the end of a
// day of the year, such as "04-30"; "02-29" is the last day of February.
type Step struct {
	On      string `json:"on"`
	Percent string `json:"percent"`
}

// Steps are 1 to 24 steps in the order of their days, the percents never
// falling.
type Steps []Step

// maxSteps bounds a curve: two steps a month.
const maxSteps = 24

var (
	dayPattern     = regexp.MustCompile(`^((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|[12][0-9]))$`)
	sharePattern   = regexp.MustCompile(`^([0-9]{1,2}(\.[0-9]{1,4})?|100(\.0{1,4})?)$`)
	percentPattern = regexp.MustCompile(`^-?[0-9]{1,20}(\.[0-9]{1,4})?$`)
)

// What a pace rule's members have to be, in words.
var (
	wantSteps   = fmt.Sprintf(`1 to %d steps {"on":"04-30","percent":"25"} in the order of their days, the percents from "0" to "100" and never falling`, maxSteps)
	wantNoSteps = "absent: only the curve of steps has them"
	wantBehind  = "no less than watch"
)

// Rat is the step's share of the full-year budget, exactly.
func (s Step) Rat() *big.Rat { return new(big.Rat).Quo(rat(s.Percent), big.NewRat(100, 1)) }

// In is the step's day in a year.
func (s Step) In(year fiscal.Year) fiscal.Date {
	month, _ := strconv.Atoi(s.On[:2])
	day, _ := strconv.Atoi(s.On[3:])
	end := fiscal.Date{Year: year, Month: time.Month(month), Day: 1}.MonthEnd()
	end.Day = min(end.Day, day)
	return end
}

// UnmarshalJSON reads steps, each of which has its two members and no other.
func (s *Steps) UnmarshalJSON(raw []byte) error {
	var elements []map[string]*string
	if json.Unmarshal(raw, &elements) != nil {
		return invalid{wantSteps}
	}
	steps := make(Steps, len(elements))
	for i, members := range elements {
		on, percent := members["on"], members["percent"]
		if len(members) != 2 || on == nil || percent == nil {
			return invalid{wantSteps}
		}
		steps[i] = Step{*on, *percent}
	}
	*s = steps
	return nil
}

func (id PaceID) check() error { return checkCode(string(id)) }
func (c Curve) check() error   { return checkOneOf(c, Curves()) }

func (d Days) check() error {
	if d < 1 || d > maxDays {
		return invalid{fmt.Sprintf("a whole number from 1 to %d", maxDays)}
	}
	return nil
}

func (p Percent) check() error {
	if !percentPattern.MatchString(string(p)) {
		return invalid{"a decimal string with at most four decimals"}
	}
	return nil
}

func (s Steps) check() error {
	if len(s) == 0 || len(s) > maxSteps {
		return invalid{wantSteps}
	}
	for i, step := range s {
		if !dayPattern.MatchString(step.On) || !sharePattern.MatchString(step.Percent) {
			return invalid{wantSteps}
		}
		if i > 0 && (step.On <= s[i-1].On || step.Rat().Cmp(s[i-1].Rat()) < 0) {
			return invalid{wantSteps}
		}
	}
	return nil
}
