package forms

// Grid is a form laid out as a table by its template: what the page shows and
// every export writes. A cell that spans stands once, at its top left; the
// places that it covers have no cell.
type Grid struct {
	// Title stands above the table, Notes below it.
	Title string
	Notes []string
	// Widths are the relative widths of the columns; every row's spans add up to
	// their number, counting what spans down from above.
	Widths []int
	Rows   [][]GridCell
}

// GridCell is one cell of a grid.
type GridCell struct {
	Text string
	// Number is the printed number without unit or sign of percent, such as
	// "41.14", where the cell is a number that a spreadsheet should keep as one;
	// Percent says that it is in percent.
	Number  string
	Percent bool
	// Name is the name of the form's Cell that is shown, or empty.
	Name       string
	Cols, Rows int // spans, at least 1
	Role       Role
}

// Role says what a grid's cell is for; it decides alignment and weight.
type Role string

// The roles.
const (
	RoleLabel  Role = "label"  // a heading of a row or column
	RoleNumber Role = "number" // aligned right
	RoleText   Role = "text"   // words that somebody wrote
	RoleTotal  Role = "total"  // the number of the last row
)
