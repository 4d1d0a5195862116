package audit

import (
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/handlers/language"
)

// Derived is a row of money as derived from events, in fen.
type Derived struct {
	Row                         string // total, current_appropriation, carryover or other
	Initial, FullYear, Executed money.Amount
}

// Source knows what the events say of a form. Outturn's read side is one.
type Source interface {
	// Derive returns the rows of money of a form, and false if the events know
	// nothing of it.
	Derive(form Form) ([]Derived, bool)
}

// Options say how to audit. The zero value audits in zh-CN, without events.
type Options struct {
	// Language of the messages. Defaults to zh-CN.
	Language language.Tag
	// Events is asked for derived figures; nil for none.
	Events Source
	// Subjects says which forms (by id or by project name) a subject of the
	// narrative means: with "talent" → ["form-03"], narrative.talent_initial is
	// held against the initial budget of form-03; several forms are added up. A
	// document may say the same itself, in narrative.forms.
	Subjects map[string][]string
}

// Run audits a document by all rules.
func Run(declared Declared, options Options) Report {
	b := &book{narrative: declared.Narrative, subjects: options.Subjects, source: options.Events, practices: readPractices()}
	for i := range declared.Forms {
		b.pages = append(b.pages, open(&declared.Forms[i]))
	}
	l := &ledger{speaker: speakerOf(options.Language), right: make(map[string]int)}
	rules := Rules()
	for _, rule := range rules {
		l.rule = rule.Name
		rule.check(b, l)
	}
	report := Report{Forms: len(b.pages), Findings: sorted(l.findings, b), Checked: []Check{}}
	if report.Findings == nil {
		report.Findings = []Finding{}
	}
	for _, rule := range rules {
		if places := l.right[rule.Name]; places > 0 {
			report.Checked = append(report.Checked, Check{Rule: rule.Name, Places: places})
		}
	}
	return report
}
