package exports

import (
	"encoding/json"
	"io"

	"github.com/outturn/outturn/projections/forms"
)

// JSON writes {"forms": […]}: declared-form JSON, each form with the exact
// figures, the changes of its budget and its warnings beside what is printed.
// The grids are not written. Error: [ErrNoSheets], or what w returns.
func JSON(w io.Writer, sheets []Sheet) error {
	if len(sheets) == 0 {
		return ErrNoSheets
	}
	all := struct {
		Forms []forms.Form `json:"forms"`
	}{}
	for _, s := range sheets {
		all.Forms = append(all.Forms, s.Form)
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(all)
}
