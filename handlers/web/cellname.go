package web

import (
	"strconv"
	"strings"

	"github.com/outturn/outturn/handlers/audit"
	"github.com/outturn/outturn/projections/forms"
)

// cellName is what people call a cell of a form: the value and what it is of.
func (v *visit) cellName(form forms.Form, name string) string {
	rows := make(map[string]string)
	for _, row := range form.Funds {
		rows[row.Row] = row.Label
	}
	indicators := make([]string, len(form.Indicators))
	for i, row := range form.Indicators {
		indicators[i] = row.Level3
	}
	return v.place(name, rows, indicators)
}

// placeName is what people call a place that a finding names, such as
// funds.carryover.executed or indicators[2].score.
func (v *visit) placeName(form audit.Form, where string) string {
	rows := make(map[string]string)
	for _, row := range form.Funds {
		rows[row.Row] = row.Label.Printed
	}
	indicators := make([]string, len(form.Indicators))
	for i, row := range form.Indicators {
		indicators[i] = row.Level3.Printed
	}
	return v.place(cellOf(where), rows, indicators)
}

// cellOf is the name of the cell of a derived form for a place in a declared
// one.
func cellOf(where string) string {
	name := strings.NewReplacer("[", ".", "]", "").Replace(where)
	if row, isFund := strings.CutPrefix(name, "funds."); isFund && !strings.Contains(row, ".") {
		return "funds.total." + row
	}
	return name
}

// places are the first words of the names of cells.
const (
	placeFunds      = "funds"
	placeIndicators = "indicators"
	placeNarrative  = "narrative"
)

// place names a cell in words; one that has none keeps its name.
func (v *visit) place(name string, rows map[string]string, indicators []string) string {
	parts := strings.Split(name, ".")
	last := v.value(parts[0], parts[len(parts)-1])
	switch {
	case parts[0] == placeNarrative:
		return v.Text("audit.narrative") + " " + strings.TrimPrefix(name, placeNarrative+".")
	case parts[0] == placeIndicators && len(parts) > 1:
		i, err := strconv.Atoi(parts[1])
		switch {
		case err != nil || i < 0 || i >= len(indicators):
			return name
		case len(parts) == 2:
			return indicators[i]
		}
		return last + " · " + indicators[i]
	case last == "":
		return name
	case parts[0] == placeFunds && len(parts) == 3:
		return last + " · " + v.rowName(parts[1], rows)
	}
	return last
}

// rowName is what a row of money is called: that of the form, or in the
// language of the page where it is one of the usual rows.
func (v *visit) rowName(row string, rows map[string]string) string {
	if text := v.textOr("fundrow."+row, ""); text != "" {
		return text
	}
	if label := strings.TrimSpace(rows[row]); label != "" {
		return label
	}
	return row
}

// value names a value of a part of a form; empty if there is none of that name.
func (v *visit) value(part, value string) string { return v.textOr("cellname."+part+"."+value, "") }

// textOr is a text of the catalogue, or another if there is none of that id.
func (v *visit) textOr(id, other string) string {
	if text := v.Text(id); text != id {
		return text
	}
	return other
}
