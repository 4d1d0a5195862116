package intake

import "github.com/outturn/outturn/events"

// The codes of refusals that only files of rows know. A file that is too large,
// damaged, or holds programs has those of package formimport.
const (
	CodeNoHeader     events.Code = "file_no_header"     // no row of the file says what its columns are
	CodeCellInvalid  events.Code = "cell_invalid"       // a cell cannot be read as what its column holds
	CodeLineUnclear  events.Code = "line_unclear"       // none or several lines fit what a row says
	CodeImportBusy   events.Code = "imports_busy"       // too many imports are under way
	CodeImportState  events.Code = "import_state"       // there is no such import, or it is not at that point
	CodeInterrupted  events.Code = "import_interrupted" // an import ended before its last row
	CodeCheckWarning events.Code = "file_check"         // something in the file does not add up, or was not read
)

// The reasons for which a file cannot be taken as a whole.
const (
	ReasonNotATable   events.Reason = "not_a_table"  // name
	ReasonOldWorkbook events.Reason = "old_workbook" // name
	ReasonUnzipRatio  events.Reason = "unzip_ratio"  // part, limit
	ReasonEncoding    events.Reason = "table_encoding"
	ReasonCSVSyntax   events.Reason = "csv_syntax"   // line, problem
	ReasonNoHeader    events.Reason = "no_header"    // missing, headers, nearest
	ReasonColumnTwice events.Reason = "column_twice" // column, headers
	ReasonNoRows      events.Reason = "no_rows"
	ReasonReserved    events.Reason = "source_reserved" // source
)

// The reasons for which a row or one of its cells cannot be taken.
const (
	ReasonCellFormula     events.Reason = "cell_formula"      // field
	ReasonCellFormulaText events.Reason = "cell_formula_text" // field, value
	ReasonCellError       events.Reason = "cell_error"        // field, value
	ReasonCellNumber      events.Reason = "cell_number"       // field, value
	ReasonCellUnused      events.Reason = "cell_unused"       // field, type
	ReasonAmountUnread    events.Reason = "amount_unread"     // field, value
	ReasonAmountDecimals  events.Reason = "amount_decimals"   // field, value, decimals
	ReasonAmountTail      events.Reason = "amount_tail"       // field, value
	ReasonTypeWord        events.Reason = "type_word"         // field, value, nearest
	ReasonFundWord        events.Reason = "fund_word"         // field, value, nearest
	ReasonLineMissing     events.Reason = "line_missing"
	ReasonLineNotFound    events.Reason = "line_not_found" // unit, project, year
	ReasonLineAmbiguous   events.Reason = "line_ambiguous" // lines
	ReasonTotalDiffers    events.Reason = "total_differs"  // value, sum
	ReasonSheetUnread     events.Reason = "sheet_unread"   // sheet
)

// The reasons for which an import is not begun or does not end.
const (
	ReasonImportBusy    events.Reason = "imports_busy" // limit
	ReasonImportGone    events.Reason = "import_gone"
	ReasonImportUnready events.Reason = "import_unready"
	ReasonInterrupted   events.Reason = "import_interrupted" // problem, recorded
)
