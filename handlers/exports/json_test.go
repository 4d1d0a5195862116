package exports_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/outturn/outturn/handlers/exports"
	"github.com/outturn/outturn/projections/forms"
)

func TestJSONIsTheDeclaredFormWithItsCells(t *testing.T) {
	t.Parallel()
	sheet := training(t)
	var out bytes.Buffer
	if err := exports.JSON(&out, []exports.Sheet{department(t), sheet}); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Forms []struct {
			forms.Declared
			Sequence uint64                `json:"through_sequence"`
			Cells    map[string]forms.Cell `json:"cells"`
		}
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sheet.Form.Declared, got.Forms[1].Declared); diff != "" {
		t.Error(diff)
	}
	if cell := got.Forms[1].Cells["execution.rate"]; cell.Printed != "51.42%" || cell.Fraction != "2057/40" || got.Forms[1].Sequence != 1204 {
		t.Errorf("%+v", cell)
	}
}
