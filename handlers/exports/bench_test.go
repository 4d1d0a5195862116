package exports_test

import (
	"fmt"
	"io"
	"testing"

	"github.com/outturn/outturn/handlers/exports"
	"github.com/outturn/outturn/handlers/language"
)

// manyForms is a department with 200 projects, each with as many named cells as
// derived forms have.
func manyForms(tb testing.TB) []exports.Sheet {
	tb.Helper()
	sheets := make([]exports.Sheet, 200)
	for i := range sheets {
		sheets[i] = training(tb)
		sheets[i].Title = fmt.Sprintf("%03d 赋能培训班", i)
		for j := range sheets[i].Form.Indicators {
			for _, column := range []string{"target", "actual", "weight", "note"} {
				sheets[i].Form.Cells[fmt.Sprintf("indicators.%d.%s", j, column)] = sheets[i].Form.Cells["execution.rate"]
			}
		}
	}
	return sheets
}

func BenchmarkXLSX200Forms(b *testing.B) {
	sheets := manyForms(b)
	for b.Loop() {
		if err := exports.XLSX(io.Discard, sheets, language.In(language.Chinese)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDOCX200Forms(b *testing.B) {
	sheets := manyForms(b)
	for b.Loop() {
		if err := exports.DOCX(io.Discard, sheets); err != nil {
			b.Fatal(err)
		}
	}
}
