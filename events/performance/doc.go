// Package performance knows goals and indicators, and how they are scored. It
// is pure: no clock, no I/O, no floats; every number is an exact fraction until
// a form prints it.
//
// [Fold] gathers the goal and indicator events of a log into a [Record] for each
// unit or project of a year, with the sequences of the events under everything.
// [Rules] are a form's rules of points, data of its template; [Rules.Evaluate]
// applies them to the rows of a record and to the execution rate:
//
//	records, err := performance.Fold(all)
//	record := records[performance.Key{Kind: events.OfProject, ID: "GX-TRAIN", Year: 2023}]
//	evaluation := performance.Default().Evaluate(rate, record.Rows(facts))
//	evaluation.Printed // "90.64"
//
// # How points are found
//
// Execution: weight × executed / full-year budget, never above the weight. A
// rate of 0/0 has no points; its weight goes to the indicators.
//
// A quantitative indicator that is met gets its weight. One that is not gets
// weight × actual/target, or, where less is better (≤), weight × target/actual
// (财预〔2020〕10号). An actual value far above its target asks for the reason.
// [ParseValue] reads targets and actuals as forms write them; where the two
// cannot be compared exactly, the row has no points and says why: a person has
// to score it.
//
// A qualitative indicator is scored by hand, in the band of its grade. A score by
// hand counts for a quantitative indicator too, unless the rules say that it is
// only checked; what the rule gives stands beside it ([Result.ByRule]).
//
// A row that is 不适用 has no weight: the others take it over, rounded so that the
// printed weights still add up, or the total is scaled to [FullMarks]. Points are
// rounded once; a total is the sum of the points as printed, or the exact sum
// rounded, as the rules say.
//
// # Indicators that nobody reports
//
// The actual value of a computed indicator is a figure of the books: [Compute]
// makes it of [Facts], exact and with its fraction.
package performance
