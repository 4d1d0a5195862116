package forms

import (
	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/performance"
)

// Kind says what a form is about.
type Kind string

// The kinds of form.
const (
	ProjectForm    Kind = "project"
	DepartmentForm Kind = "department"
)

// Template says what a region's form looks like and how it is scored. It is
// read from JSON by [LoadTemplate]; docs/templates.md explains each member.
// Templates are shared and must not be changed.
type Template struct {
	ID   string `json:"id"`
	Name Names  `json:"name"`
	// Source is where the form was published, for whoever checks it.
	Source string `json:"source,omitempty"`
	Kind   Kind   `json:"kind"`
	Title  string `json:"title"`
	Money  Money  `json:"money"`
	Rate   Number `json:"rate"`
	// TrimPoints leaves out zeros at the end of points, which otherwise have the
	// digits that the scoring says.
	TrimPoints bool  `json:"trim_points"`
	Marks      Marks `json:"marks"`
	// ReasonBelow is the rate in percent below which a reason must be given.
	ReasonBelow string `json:"reason_below,omitempty"`
	// Side is the width of the headings at the left side, in percent.
	Side int `json:"side"`
	// Head and Tail are the rows of words above the money and below the total.
	Head  [][]Field `json:"head"`
	Funds Funds     `json:"funds"`
	// Income and Spending cut a department's money by its nature and its use.
	Income     *Cut       `json:"income,omitempty"`
	Spending   *Cut       `json:"spending,omitempty"`
	Goal       Goals      `json:"goal"`
	Indicators Indicators `json:"indicators"`
	// Scoring are the rules of points; nil for a form without points.
	Scoring *performance.Rules `json:"scoring,omitempty"`
	Total   *TotalRow          `json:"total,omitempty"`
	Tail    [][]Field          `json:"tail,omitempty"`
	Foot    []string           `json:"foot,omitempty"`
}

// Names are a name in two languages.
type Names struct {
	Zh string `json:"zh"`
	En string `json:"en"`
}

// Marks are the texts that stand where there is no value.
type Marks struct {
	// Blank stands where nobody wrote anything, NotScored where a row of money
	// has no rate or points of its own, NotApplicable for 0/0.
	Blank         string `json:"blank"`
	NotScored     string `json:"not_scored"`
	NotApplicable string `json:"not_applicable"`
}

// Field is a heading with words beside it; see [Placeholders] for what the
// words may name. Without a label the words fill the place alone.
type Field struct {
	Label string `json:"label,omitempty"`
	Text  string `json:"text"`
}

// Funds is the table of money.
type Funds struct {
	// Label is the heading at the side, Corner the one above the rows' labels.
	Label   string   `json:"label"`
	Corner  string   `json:"corner,omitempty"`
	Width   int      `json:"width"` // of the rows' labels, in percent
	Rows    []Row    `json:"rows"`
	Columns []Column `json:"columns"`
}

// Row is a row of the table of money: the budget lines that it sums. An empty
// selection keeps all; several are joined by and.
type Row struct {
	Row   string `json:"row"`
	Label string `json:"label"`
	Lines
	// Scored says that the row has a rate of its own; total always has.
	Scored bool `json:"scored,omitempty"`
}

// Lines selects budget lines.
type Lines struct {
	// Sources are current_appropriation, carryover and other.
	Sources []string             `json:"sources,omitempty"`
	Funds   []events.Fund        `json:"funds,omitempty"`
	Kinds   []events.ProjectKind `json:"kinds,omitempty"`
	// Named keeps lines whose name, or whose project's, contains one of the words;
	// Unnamed keeps those that contain none.
	Named   []string `json:"named,omitempty"`
	Unnamed []string `json:"unnamed,omitempty"`
}

// Column is a column of a table: the value in it, its heading, and its width in
// percent of the whole form.
type Column struct {
	Value string `json:"value"`
	Label string `json:"label"`
	Width int    `json:"width"`
	// Sum stands below a level's name with the sum of its weights at {weight}.
	Sum string `json:"sum,omitempty"`
}

// Cut is a list of amounts, each in words: "政府性基金拨款：0".
type Cut struct {
	Label string `json:"label"`
	// Figure is the amount that is cut: initial, full_year or executed.
	Figure string   `json:"figure"`
	Rows   []CutRow `json:"rows"`
}

// CutRow is a row of a cut.
type CutRow struct {
	Value string `json:"value"`
	Label string `json:"label"`
	Lines
}

// Goals are the headings of the year's goal.
type Goals struct {
	Label    string `json:"label"`
	Expected string `json:"expected"`
	Actual   string `json:"actual"`
}

// Indicators is the table of indicators.
type Indicators struct {
	Label   string   `json:"label,omitempty"`
	Columns []Column `json:"columns"`
}

// TotalRow is the last row.
type TotalRow struct {
	Label string `json:"label"`
	// Grade says that the grade 优, 良, 中 or 差 is shown.
	Grade bool `json:"grade,omitempty"`
}
