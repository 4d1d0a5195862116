// Package exports writes self-evaluation forms as files that people hand in,
// print or publish, and the execution behind them as open data.
//
// A [Sheet] is one form with the grid that its template laid it out on. Every
// writer takes the same sheets, so that all files show the same cells:
//
//	exports.XLSX(w, sheets, p)    a worksheet a form, and one that says where each number comes from
//	exports.DOCX(w, sheets)       A4, a real table, a form begins on a new page
//	exports.HTML(w, sheets, p)    one page that prints as the forms do; no script
//	exports.CSV(w, sheet, enc)    one form; [CSVArchive] writes many into a zip
//	exports.JSON(w, sheets)       declared-form JSON with the exact figures beside the printed ones
//
// [Write] picks the writer by the name of a format, for the API and the command
// line alike.
//
// [DataPackage] writes execution by budget line as a Fiscal Data Package
// 1.0-rc.1, and on request the same lines under the field names of the Ministry
// of Finance's integrated budget system ([MinistryCSV]).
//
// Four promises hold for all of them:
//
//   - The same input gives the same bytes: files inside archives carry no clock.
//   - A number is written as the decimal literal that was printed. None passes
//     through a float, and a worksheet's number format shows exactly what the
//     form prints; where no format can, the cell stays text.
//   - A text that a spreadsheet could take for a formula stays a text.
//   - A grid whose spans do not fill its rectangle is refused with its place
//     ([GridError]), never written crooked.
package exports
