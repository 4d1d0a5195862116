package forms_test

import (
	"errors"
	"math/big"
	"testing"

	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/projections"
	"github.com/outturn/outturn/projections/forms"
)

// busy is a ledger with every kind of posting on the lines of one project.
func busy(t *testing.T) *ledger {
	t.Helper()
	l := newLedger(t)
	l.post("unit.registered", "DEPT", object{"name": "某局", "parent": nil})
	l.post("unit.registered", "STATION", object{"name": "某站", "parent": "DEPT"})
	l.post("project.registered", "TRAIN", object{"unit": "STATION", "year": 2023, "name": "培训", "kind": "project"})
	l.post("project.registered", "OTHER", object{"unit": "DEPT", "year": 2023, "name": "其他", "kind": "project"})
	l.post("project.registered", "BASIC", object{"unit": "DEPT", "year": 2023, "name": "基本支出", "kind": "basic"})
	l.post("year.opened", "DEPT", object{"year": 2023, "date": "2023-01-01", "reason": "开账"})
	line := func(id, unit, project, fund string, vintage int) {
		l.post("line.opened", id, object{"year": 2023, "unit": unit, "project": project, "name": "指标" + id, "fund": fund,
			"vintage": vintage, "function_class": "2150805", "economic_class": "302"})
	}
	line("L1", "STATION", "TRAIN", "general_public", 2023)
	line("L2", "STATION", "TRAIN", "general_public", 2022)
	line("L3", "STATION", "TRAIN", "unit_funds", 2023)
	line("L4", "DEPT", "OTHER", "government_fund", 2023)
	line("L5", "DEPT", "BASIC", "general_public", 2023)
	amount := func(noun, line, yuan, day string) uint64 {
		return l.post(noun, line, object{"amount": yuan, "date": day, "document": "财〔2023〕" + line, "reason": "调整" + noun})
	}
	amount("budget.allocated", "L1", "800000.00", "2023-01-05")
	amount("budget.allocated", "L3", "50000.00", "2023-01-05")
	amount("budget.allocated", "L4", "120000.10", "2023-01-06")
	amount("budget.allocated", "L5", "900000.00", "2023-01-06")
	l.post("carryover.received", "L2", object{"amount": "60000.00", "date": "2023-01-10", "from_year": 2022, "document": "结转1"})
	l.post("carryover.confirmed", "L2", object{"amount": "55000.00", "date": "2023-03-20", "from_year": 2022, "document": "决算1"})
	amount("budget.supplemented", "L1", "100000.00", "2023-05-10")
	amount("budget.reduced", "L1", "20000.00", "2023-06-11")
	amount("budget.recalled", "L4", "20000.05", "2023-07-01")
	l.post("budget.transferred", "L1", object{"to": "L3", "amount": "30000.00", "date": "2023-06-30", "document": "调1", "reason": "调剂"})
	l.post("budget.transferred", "L1", object{"to": "L4", "amount": "10000.00", "date": "2023-06-30", "document": "调2", "reason": "调剂"})
	pay := func(line, yuan, day string) uint64 {
		return l.post("disbursement.paid", line, object{"amount": yuan, "date": day, "document": "凭1", "purpose": "讲课费"})
	}
	first := pay("L1", "411400.00", "2023-10-31")
	l.post("disbursement.refunded", "L1", object{"payment": id(first), "amount": "1400.00", "date": "2023-11-02", "reason": "退回"})
	second := pay("L1", "5000.00", "2023-10-31")
	l.post("disbursement.corrected", "L1", object{"payment": id(second), "to_line": "L3", "date": "2023-11-30", "reason": "列错"})
	pay("L2", "55000.00", "2023-11-30")
	pay("L5", "900000.00", "2023-12-20")
	return l
}

// TestEveryCellIsTheSumOfItsPostings asks for what each cell of each shipped
// form is made of, in small pages, and adds it up.
func TestEveryCellIsTheSumOfItsPostings(t *testing.T) {
	t.Parallel()
	l := busy(t)
	store := l.store()
	for _, template := range forms.Templates() {
		subject := forms.Project("TRAIN", 2023)
		if template.Kind == forms.DepartmentForm {
			subject = forms.Unit("DEPT", 2023)
		}
		for _, at := range []projections.AsOf{{}, {Date: date("2023-06-30")}, {Through: l.last - 3}} {
			form := derive(t, store, subject, template.ID, at)
			if len(form.Cells) < 5 {
				t.Errorf("%s has only %d cells", template.ID, len(form.Cells))
			}
			for name, cell := range form.Cells {
				addsUp(t, store, form, name, cell)
			}
		}
	}
}

func addsUp(t *testing.T, store forms.Source, form forms.Form, name string, cell forms.Cell) {
	t.Helper()
	var sum money.Amount
	for page := (forms.Page{Limit: 2}); ; {
		terms, err := forms.Provenance(t.Context(), store, form, name, page)
		if err != nil {
			t.Fatal(err)
		}
		for _, term := range terms.Postings {
			sum += term.Adds
		}
		if terms.More {
			page.Before = terms.Before
			continue
		}
		switch {
		case cell.Fen != nil:
			if sum != *cell.Fen || terms.Amount != *cell.Fen {
				t.Errorf("%s %s: %s, but the postings add up to %s and %s", form.Template, name, *cell.Fen, sum, terms.Amount)
			}
		case name == "execution.rate" && cell.Exact != nil:
			if rate := big.NewRat(100*int64(terms.Executed), int64(terms.Budget)); rate.Cmp(cell.Exact) != 0 {
				t.Errorf("%s %s: %s, but the postings give %s", form.Template, name, cell.Fraction, rate.RatString())
			}
		case len(cell.Events) > 0:
			if len(terms.Events) != len(cell.Events) {
				t.Errorf("%s %s: %d events of %d", form.Template, name, len(terms.Events), len(cell.Events))
			}
		}
		return
	}
}

func TestACellThatIsNotThere(t *testing.T) {
	t.Parallel()
	_, err := forms.Provenance(t.Context(), nil, forms.Form{}, "funds.total.spent", forms.Page{})
	if !errors.Is(err, forms.ErrNoCell) {
		t.Errorf("error = %v; want ErrNoCell", err)
	}
}
