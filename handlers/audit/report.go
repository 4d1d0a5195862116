package audit

import (
	"cmp"
	"slices"
)

// Severity says how sure a finding is.
type Severity string

// The severities, gravest first.
const (
	Wrong    Severity = "error"    // cannot be true
	Conflict Severity = "conflict" // two places disagree: a document must decide
	Scoring  Severity = "scoring"  // not scored by the rule
	Info     Severity = "info"     // worth a look
)

// Severities lists the severities, gravest first.
func Severities() []Severity { return []Severity{Wrong, Conflict, Scoring, Info} }

// Finding is one thing that an audit found.
type Finding struct {
	Rule     string   `json:"rule"`
	Severity Severity `json:"severity"`
	Form     string   `json:"form"`    // id of the form; "" for the narrative
	Where    string   `json:"where"`   // the place, such as funds.executed
	Printed  string   `json:"printed"` // what stands there; "" for a blank cell
	Derived  string   `json:"derived"` // what follows from the rest; "" if nothing does
	Message  string   `json:"message"` // in the language asked for
	// Cells are all the cells that the finding is drawn from, Where first; a cell
	// of another form has that form's id and a colon before it.
	Cells []string `json:"-"`
}

// Check says how many places a rule found right.
type Check struct {
	Rule   string `json:"rule"`
	Places int    `json:"places"`
}

// Report is what an audit found, and what it found right.
type Report struct {
	Forms    int       `json:"forms"`
	Findings []Finding `json:"findings"` // by form in the document's order, gravest first
	Checked  []Check   `json:"checked"`  // in the order of [Rules]
}

// Clean says that nothing graver than [Info] was found.
func (r Report) Clean() bool {
	return !slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Severity != Info })
}

// Count returns the number of findings of a severity.
func (r Report) Count(severity Severity) int {
	count := 0
	for _, finding := range r.Findings {
		if finding.Severity == severity {
			count++
		}
	}
	return count
}

// ledger collects what the rules find.
type ledger struct {
	speaker  speaker
	rule     string
	findings []Finding
	right    map[string]int
}

// agree notes one place that the running rule found right.
func (l *ledger) agree() { l.right[l.rule]++ }

// found is a finding before it is put into words. message names its text in the
// catalogue, after the rule; params fill it, in pairs of name and value.
type found struct {
	form, where      string
	severity         Severity
	printed, derived string
	message          string
	params           []string
	cells            []string // beside where
}

func (l *ledger) add(f found) {
	params := append([]string{"printed", f.printed, "derived", f.derived}, f.params...)
	l.findings = append(l.findings, Finding{
		Rule: l.rule, Severity: f.severity, Form: f.form, Where: f.where, Printed: f.printed, Derived: f.derived,
		Message: l.speaker.say(l.rule+"."+f.message, params...),
		Cells:   append([]string{f.where}, f.cells...),
	})
}

// sorted puts findings in the order of the document's forms, those of the
// narrative last, gravest first.
func sorted(findings []Finding, b *book) []Finding {
	order := make(map[string]int, len(b.pages))
	for i := len(b.pages) - 1; i >= 0; i-- {
		order[b.pages[i].ID] = i
	}
	place := func(f Finding) int {
		if at, ok := order[f.Form]; ok {
			return at
		}
		return len(b.pages)
	}
	slices.SortStableFunc(findings, func(x, y Finding) int {
		return cmp.Or(cmp.Compare(place(x), place(y)),
			cmp.Compare(slices.Index(Severities(), x.Severity), slices.Index(Severities(), y.Severity)))
	})
	return findings
}
