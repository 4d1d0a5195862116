// Package forms derives self-evaluation forms (绩效自评表) from the projections:
// every cell of money, every rate and every point is computed, and knows what it
// is made of.
//
//	template, _ := forms.Shipped("central-project")
//	form, err := forms.Derive(ctx, store, forms.Project("P1", 2023), template, projections.AsOf{})
//	form.Cells["execution.rate"].Printed // "51.43%"
//	form.Cells["execution.rate"].Exact   // 2057/40
//
//	terms, err := forms.Provenance(ctx, store, form, "funds.total.executed", forms.Page{})
//	grid := forms.Layout(form, template) // the table that pages and exports show
//
// # Templates are data
//
// What a region's form looks like is a JSON file: its rows and columns, its unit,
// digits, rounding and marks, its weights and the rules of scoring. A new region
// is a file and no code; docs/templates.md shows how to write one.
//
// # One position
//
// All that a form states stands at one sequence of the log: the first read finds
// it and the others are bound to it. The same subject, template and position
// give the same form, for ever.
//
// # Rounding
//
// A cell keeps the exact fraction and is rounded once, when it is printed. Points
// come from the exact rate, never from the printed one. "100%" is printed only
// when the executed amount is the budget to the fen; a rate without a budget is
// not applicable, and has no points.
package forms
