package exports

import (
	_ "embed"
	"html/template"
	"io"
	"strconv"

	"github.com/outturn/outturn/handlers/language"
	"github.com/outturn/outturn/projections/forms"
)

// HTMLPolicy is the Content-Security-Policy that the page of [HTML] is to be
// served with: it has its style inside and loads nothing.
const HTMLPolicy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

//go:embed forms.html
var pageSource string

var page = template.Must(template.New("forms").Parse(pageSource))

// HTML writes one page with all forms: a table each, A4 when printed, a form on
// a new page. It stands alone, has no script, and every text is escaped. Error:
// *GridError, [ErrNoSheets], or what w returns.
func HTML(w io.Writer, sheets []Sheet, p language.Printer) error {
	all, err := layAll(sheets)
	if err != nil {
		return err
	}
	view := pageView{Language: string(p.Tag()), Title: clean(sheets[0].Grid.Title)}
	for _, l := range all {
		view.Forms = append(view.Forms, newFormView(l))
	}
	return page.Execute(w, view)
}

type pageView struct {
	Language, Title string
	Forms           []formView
}

type formView struct {
	Title      string
	Widths     []string // in percent
	Head, Body [][]placed
	Notes      []string
}

func newFormView(l laid) formView {
	view := formView{Title: clean(l.Grid.Title)}
	for _, width := range l.fitted(percentSteps, digitShare, paddingShare) {
		view.Widths = append(view.Widths, decimal(width, percentSteps/100))
	}
	rows := make([][]placed, len(l.at))
	for _, cell := range l.cells {
		rows[cell.row] = append(rows[cell.row], cell)
	}
	head := l.headRows()
	view.Head, view.Body = rows[:head], rows[head:]
	for _, note := range l.Grid.Notes {
		view.Notes = append(view.Notes, clean(note))
	}
	return view
}

// Shares of a table's width in hundredths of a percent: all of it, a digit of
// 10.5 pt on 168 mm, what lies beside the text of a cell.
const (
	percentSteps = 10_000
	digitShare   = 145
	paddingShare = 260
)

// decimal prints n/scale, scale being 100.
func decimal(n, scale int) string {
	fraction := strconv.Itoa(scale + n%scale)
	return strconv.Itoa(n/scale) + "." + fraction[1:]
}

// IsLabel says whether the cell is a heading, for the page.
func (p placed) IsLabel() bool { return p.Role == forms.RoleLabel }
