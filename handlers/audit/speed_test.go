package audit_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/outturn/outturn/handlers/audit"
)

// many repeats the forms of a document under other ids and departments.
func many(tb testing.TB, forms int) audit.Declared {
	tb.Helper()
	source := read(tb, yueyang)
	declared := audit.Declared{Narrative: source.Narrative}
	for i := range forms {
		form := source.Forms[i%len(source.Forms)]
		form.ID = fmt.Sprintf("form-%d", i)
		form.Department = text(fmt.Sprintf("%s%d", form.Department, i/len(source.Forms)))
		declared.Forms = append(declared.Forms, form)
	}
	return declared
}

// auditBudget is how long an audit of 1,000 forms may take.
const auditBudget = 5 * time.Second

// It runs alone, so that other tests do not take its time.
func TestAThousandFormsAreAuditedInTime(t *testing.T) {
	declared := many(t, 1000)
	start := time.Now()
	report := audit.Run(declared, audit.Options{})
	if took := time.Since(start); took > slowdown*auditBudget || report.Forms != 1000 {
		t.Errorf("%d forms in %s, at most %s", report.Forms, took, slowdown*auditBudget)
	}
}

func BenchmarkRun1000(b *testing.B) {
	declared := many(b, 1000)
	for b.Loop() {
		audit.Run(declared, audit.Options{})
	}
}
