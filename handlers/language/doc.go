// Package language is every sentence that Outturn says to people, in zh-CN and
// in English.
//
// A [Printer] speaks one language. [Of] picks it for a request: what the
// address asks for (?lang=), else what was chosen before (a cookie that
// [Remember] sets), else what the browser accepts, else zh-CN.
//
//	p := language.Of(r)
//	p.Text("overview.title", "year", "2023")  // a text of the catalogue
//	p.Refusal(refusal)                        // what, why, what to do, where
//	p.Title("insufficient_funds")             // the name of a problem code
//	p.Money(amount, money.Wan)                // "3,371.59"
//
// The texts are in catalogue/zh-CN.json and catalogue/en.json, one id a line
// with {{.blanks}} for parameters. Tests hold both files to the same ids and
// blanks, and to what the program uses: every reason, code, measure, fund,
// event type and member of an event has its text, and no text is left over.
//
// The package knows neither the API nor the pages; both read from it.
package language
