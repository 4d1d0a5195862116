// Command generate makes events.ndjson of the example yueyang-2023 from the
// figures in declared-forms.json beside it.
//
//	go run ./examples/yueyang-2023/generate
//
// It goes in three steps, each a file: projects turns the forms into budget
// lines with their amounts for the year; register, budget and pay turn the
// lines into events, and perform the indicators; encode writes all in order. The same figures give the
// same bytes. The rules that it follows where the report is silent are stated
// in the example's README.md, and each event names in its memo what such a rule
// made up.
package main
