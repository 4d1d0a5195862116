// Package audit finds what people typed wrong in self-evaluation forms.
//
// [Parse] reads forms in the declared-form JSON, [Run] audits them and returns a
// [Report]: what cannot be true, where two places disagree, what is not scored by
// the rule, what is worth a look, and what was checked and found right.
//
//	declared, err := audit.Parse(raw)
//	report := audit.Run(declared, audit.Options{Language: language.English})
//
// Each [Rule] is one entry of [Rules], and docs/audit-rules.md is written from
// them. Three principles keep a correct form free of alarms:
//
//   - A cell that cannot be read is left alone, and no sum is made of cells that
//     are not there.
//   - Figures are exact fractions. Where figures were rounded one by one, a
//     difference in their last digit is worth a look, not an error.
//   - Weights, units and digits are read from the form itself; bands that differ
//     between regions are data (practices.json).
//
// A place in a form is written like this: funds.executed is the total of a
// column, funds.carryover.executed one of its parts, indicators[2].score a cell
// of the third indicator; funds.unspent is full-year budget less executed.
package audit
