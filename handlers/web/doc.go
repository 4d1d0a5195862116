// Package web is the pages: a year's execution, worst first; the postings under
// each of its figures; a budget line and its statement; an event as it was
// recorded; a year's self-evaluation forms, each cell open to what it is made of;
// the audit of forms that others typed.
//
// [New] makes the handler. Every page reads through [projections.Reader] at one
// log position, says which, and works without a script. What a page shows is in
// its address, so that it can be shared and comes back: [filters] reads it,
// refuses what it does not understand, and makes every link. A number that is a
// sum of postings is a link to them: the address of the figure plus the row's
// key.
//
//	web.go      routes, headers, rendering      shell.go    what surrounds a page
//	filters.go  the address: reading, links     figures.go  figures and their parts
//	status.go   pace: gap, status, bars         chart.go    the course of the year
//	problem.go  errors as pages                 static.go   style, script, icon
//	order.go    how the table is sorted
//	cellname.go what cells are called         compare.go  printed beside derived
//	reach.go    what may be seen           statement.go a line's statement, as a file too
//	post*.go    the finance desk           office*.go   imports, approvals, closing, people, rules
//	cases*.go   alerts and what is done about them, and the pace rules
//	overview.go, postings.go, line.go, event.go, signin.go, forms.go, form.go
//	(with cell.go beside it), audit.go (with the rules): a page each, with a
//	template of the same name
//
// Amounts are money.Amount and rates are exact fractions up to the print; SVG
// geometry is printed from them too, so that there is no float here.
package web
