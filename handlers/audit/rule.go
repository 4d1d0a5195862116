package audit

import (
	"github.com/outturn/outturn/handlers/language"
)

// Rule is one rule of the audit.
type Rule struct {
	Name string // stable: findings carry it
	// Severities that its findings can have, gravest first.
	Severities []Severity

	check func(*book, *ledger)
}

// Title names the rule in a few words.
func (r Rule) Title(tag language.Tag) string { return speakerOf(tag).say(r.Name + ".title") }

// Explanation says what the rule checks, why, and what it leaves alone.
func (r Rule) Explanation(tag language.Tag) string { return speakerOf(tag).say(r.Name + ".why") }

// Example shows what it finds.
func (r Rule) Example(tag language.Tag) string { return speakerOf(tag).say(r.Name + ".example") }

// Source names the regulation, the form or the published case behind the rule.
func (r Rule) Source(tag language.Tag) string { return speakerOf(tag).say(r.Name + ".source") }

// Rules lists the rules in the order in which they are documented.
func Rules() []Rule {
	return []Rule{
		// Money of one form.
		{"FUND-SUM", []Severity{Wrong, Info}, eachForm(fundSum)},
		{"PARTS-MISSING", []Severity{Info}, eachForm(partsMissing)},
		{"INCOME-TOTAL", []Severity{Wrong, Info}, eachForm(incomeTotal)},
		{"IMPORT-CLEAN", []Severity{Info}, eachForm(importClean)},
		{"BLANK-ZERO", []Severity{Info}, blankZero},
		{"EVENT-FIGURE", []Severity{Conflict}, eventFigure},
		// The rate.
		{"RATE-PRECISION", []Severity{Wrong}, eachForm(ratePrecision)},
		{"RATE-ROUND", []Severity{Wrong, Info}, eachForm(rateRound)},
		{"RATE-EXCEEDS", []Severity{Info}, eachForm(rateExceeds)},
		{"EXECUTION-SCORE", []Severity{Scoring, Info}, eachForm(executionScore)},
		// Weights, scores and the grade.
		{"WEIGHT-SUM", []Severity{Wrong, Info}, eachForm(weightSum)},
		{"SCORE-BLANK", []Severity{Wrong}, eachForm(scoreBlank)},
		{"SCORE-SUM", []Severity{Wrong, Info}, eachForm(scoreSum)},
		{"GRADE", []Severity{Scoring}, eachForm(grade)},
		// Indicators.
		{"VALUE-UNIT", []Severity{Wrong, Conflict}, eachForm(valueUnit)},
		{"QUANT-SCORE", []Severity{Scoring, Info}, eachForm(quantScore)},
		{"QUAL-BAND", []Severity{Scoring, Info}, qualBand},
		{"NA-WEIGHT", []Severity{Scoring, Info}, eachForm(naWeight)},
		{"DUPLICATE-RATE", []Severity{Scoring}, eachForm(duplicateRate)},
		{"BASE-MISMATCH", []Severity{Scoring}, eachForm(baseMismatch)},
		{"COST-ACTUAL", []Severity{Wrong}, eachForm(costActual)},
		{"COST-TARGET-EXPOST", []Severity{Info}, eachForm(costTargetExpost)},
		{"OVERSHOOT", []Severity{Info}, eachForm(overshoot)},
		// The budget in the year.
		{"DENOMINATOR-FIT", []Severity{Info}, denominatorFit},
		{"ADDITION-REASON", []Severity{Info}, additionReason},
		{"ADJUST-RATE", []Severity{Info}, adjustRate},
		{"CARRYOVER-CHAIN", []Severity{Conflict, Info}, carryoverChain},
		// A department and its projects.
		{"COVERAGE", []Severity{Wrong, Info}, coverage},
		{"UNSPENT", []Severity{Wrong}, unspentOf},
		{"SOURCE-SUM", []Severity{Wrong}, sourceSum},
		// Texts.
		{"TEXT-NUMBER", []Severity{Wrong}, eachForm(textNumber)},
		{"CROSS-FACT", []Severity{Conflict}, crossFact},
		{"NARRATIVE-INITIAL", []Severity{Conflict}, narrativeInitial},
		{"SHARE-ROUND", []Severity{Wrong, Info}, shareRound},
		{"CLAIM-WITHOUT-NUMBER", []Severity{Info}, claimWithoutNumber},
		{"SIGNATURE", []Severity{Info}, eachForm(signature)},
	}
}

// eachForm makes a rule of a form a rule of the document.
func eachForm(check func(*page, *ledger)) func(*book, *ledger) {
	return func(b *book, l *ledger) {
		for _, p := range b.pages {
			check(p, l)
		}
	}
}
