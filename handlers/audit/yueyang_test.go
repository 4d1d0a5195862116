package audit_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/outturn/outturn/handlers/audit"
)

const yueyang = "../../examples/yueyang-2023/declared-forms.json"

// place writes a finding so that a test can name it: severity, rule, the last
// two digits of the form's id, place, printed → derived.
func place(f audit.Finding) string {
	id := f.Form[max(0, len(f.Form)-2):]
	return strings.Join([]string{string(f.Severity), f.Rule, id, f.Where, f.Printed, "→", f.Derived}, " ")
}

// TestYueyang: what people found in a published report by reading it, found by
// rules. The numbers are those of the findings of that report.
func TestYueyang(t *testing.T) {
	t.Parallel()
	declared := read(t, yueyang)
	var found []string
	for _, f := range audit.Run(declared, audit.Options{}).Findings {
		found = append(found, place(f))
	}
	for id, want := range map[string][]string{
		"F01": {"error FUND-SUM 04 funds.executed 41.14 → 69.00"},
		"F02": {"error FUND-SUM 15 funds.initial 126 → 139.98"},
		"F03": {"error SCORE-BLANK 13 indicators[3].score  → ", "error SCORE-SUM 13 total.score 100 → 94"},
		"F04": {"error INCOME-TOTAL 00 income 3317.55 → 3307.60"},
		"F05": {"error COVERAGE 00 spending.project 1119.71 → 754.73"},
		"F06": {"error UNSPENT 00 funds.unspent 0.29 → 54.33"},
		"F07": {"error SOURCE-SUM 00 income.other 128.07 → 238.04"},
		"F08": {"conflict NARRATIVE-INITIAL 03 funds.initial 0 → 15.97"},
		"F11": {"error COST-ACTUAL 05 indicators[5].actual 20万元 → 9.05万元"},
		"F15": {"conflict CROSS-FACT 14 indicators[1].actual 240人 → 87"},
		"F17": {"error VALUE-UNIT 00 indicators[15].actual 10 → "},
		"F18": {"error RATE-PRECISION 00 execution.rate 100% → 99.99%"},
		"F19": {"error RATE-ROUND 15 execution.rate 88.94% → 88.95%"},
		"F20": {"info RATE-ROUND 04 execution.rate 51.42% → 51.43%"},
		"F21": {
			"error SHARE-ROUND  narrative.basic_share_of_total_printed 66.24% → 66.25%",
			"error SHARE-ROUND  narrative.econ_301_wages.share_printed 56.92% → 56.93%",
			"error SHARE-ROUND  narrative.econ_302_goods_services.share_printed 12.47% → 12.48%",
			"error SHARE-ROUND  narrative.econ_303_individuals_families.share_printed 30.54% → 30.55%",
			"error SHARE-ROUND  narrative.econ_310_capital.share_printed 0.04% → 0.05%",
			"info SHARE-ROUND  narrative.econ_301_wages.share_printed 99.97% → 100%",
		},
		"F22": {"scoring QUANT-SCORE 00 indicators[5].score 4 → 3.57"},
		"F23": {"scoring QUANT-SCORE 15 indicators[4].score 1 → 0.00"},
		"F24": {"scoring QUANT-SCORE 15 indicators[6].score 6 → 7.80"},
		"F25": {"scoring QUANT-SCORE 15 indicators[12].score 6 → 6.65"},
		"F26": {"scoring DUPLICATE-RATE 15 indicators[6] 8 → 0", "scoring BASE-MISMATCH 15 indicators[6].actual 87.72% → 88.95%"},
		"F27": {
			"scoring NA-WEIGHT 02 indicators[5].score 5 → 0",
			"scoring NA-WEIGHT 02 indicators[6].score 5 → 0",
			"scoring NA-WEIGHT 02 indicators[7].score 5 → 0",
		},
		"F28": {"scoring QUAL-BAND 04 indicators[3].score 7.5 → 10", "info QUAL-BAND 04 indicators[2].score 8 → "},
		"F32": {"info ADJUST-RATE 00 funds.initial 3317.55 → 69.61%"},
		"F33": {"info ADJUST-RATE 00 spending.basic 2197.55 → 130.61%"},
		"F35": {"info BLANK-ZERO 01 indicators[13].score  → 0"},
		"F39": {"info CARRYOVER-CHAIN 04 funds.unspent  → 38.86"},
		"F40": {"info CARRYOVER-CHAIN 15 funds.unspent  → 15.47"},
	} {
		for _, line := range want {
			if !slices.Contains(found, line) {
				t.Errorf("%s is not reported: %s", id, line)
			}
		}
	}
	for rule, forms := range map[string]int{"COST-TARGET-EXPOST": 12, "DENOMINATOR-FIT": 13, "ADDITION-REASON": 9} { // F29, F30, F31
		count := 0
		for _, line := range found {
			if strings.Contains(line, rule) {
				count++
			}
		}
		if count != forms {
			t.Errorf("%s: %d findings, want %d", rule, count, forms)
		}
	}
}

// TestYueyangGraveFindingsAreTheKnownOnes: nothing graver than worth a look is
// reported beside what is known to be wrong.
func TestYueyangGraveFindingsAreTheKnownOnes(t *testing.T) {
	t.Parallel()
	report := audit.Run(read(t, yueyang), audit.Options{})
	for severity, want := range map[audit.Severity]int{audit.Wrong: 17, audit.Conflict: 2, audit.Scoring: 10} {
		if got := report.Count(severity); got != want {
			t.Errorf("%d findings of severity %s, want %d", got, severity, want)
		}
	}
}

// TestYueyangRightPlacesAreRight: what checks out in the report is counted as
// checked and not reported.
func TestYueyangRightPlacesAreRight(t *testing.T) {
	t.Parallel()
	declared := read(t, yueyang)
	report := audit.Run(declared, audit.Options{Subjects: map[string][]string{
		"guiding_fund": {"yueyang-2023-01", "yueyang-2023-06", "yueyang-2023-11", "yueyang-2023-12", "yueyang-2023-13"},
	}})
	checked := make(map[string]int)
	for _, check := range report.Checked {
		checked[check.Rule] = check.Places
	}
	for rule, least := range map[string]int{
		"WEIGHT-SUM":      16, // 10 + 50 + 30 + 10
		"SCORE-SUM":       15, // all but no. 13
		"FUND-SUM":        29, // full-year 15, executed 14
		"INCOME-TOTAL":    1,  // basic + project = executed
		"EXECUTION-SCORE": 16, // 9.999 → 10, 5.1425 → 5.14, 8.8948 → 8.89
		"SHARE-ROUND":     3,  // 87.48, 12.52, and together 100
		"CROSS-FACT":      3,  // issued 119.11 = Σ of five forms, radio paid and carried over
	} {
		if checked[rule] < least {
			t.Errorf("%s: %d places found right, want at least %d", rule, checked[rule], least)
		}
	}
	for _, f := range report.Findings {
		if slices.Contains([]string{"WEIGHT-SUM", "EXECUTION-SCORE", "GRADE", "IMPORT-CLEAN", "EVENT-FIGURE", "RATE-EXCEEDS"}, f.Rule) ||
			strings.HasSuffix(f.Where, "issued") || strings.Contains(f.Where, "personnel") || strings.Contains(f.Where, "public_operating") {
			t.Errorf("%s, which is right", place(f))
		}
	}
}

// TestYueyangDeclaredSubjects: with the subjects of the text declared, its other
// initial budgets are held against the forms too.
func TestYueyangDeclaredSubjects(t *testing.T) {
	t.Parallel()
	var found []string
	for _, f := range audit.Run(read(t, yueyang), audit.Options{Subjects: map[string][]string{
		"talent": {"人才工作经费"}, "soe_legacy": {"国企改制遗留经费"},
		"guiding_fund": {"yueyang-2023-01", "yueyang-2023-06", "yueyang-2023-11", "yueyang-2023-12", "yueyang-2023-13"},
	}}).Findings {
		found = append(found, place(f))
	}
	for _, want := range []string{
		"conflict NARRATIVE-INITIAL 03 funds.initial 0.00 → 15.97",
		"conflict NARRATIVE-INITIAL 05 funds.initial 0.00 → 20",
		"conflict NARRATIVE-INITIAL  narrative.guiding_fund_initial 1037 → 877.00",
	} {
		if !slices.Contains(found, want) {
			t.Errorf("not reported: %s", want)
		}
	}
}

// TestYueyangAMutatedCellIsNamed: whichever cell of money, rate or score changes
// by a digit, some finding that was not there before names it.
func TestYueyangAMutatedCellIsNamed(t *testing.T) {
	t.Parallel()
	declared := read(t, yueyang)
	before := make(map[string]bool)
	for _, f := range audit.Run(declared, audit.Options{}).Findings {
		before[f.Form+place(f)] = true
	}
	for i := range declared.Forms {
		if i%slowdown != 0 {
			continue // the race detector sees two forms
		}
		form := &declared.Forms[i]
		for where, cell := range cellsOf(form) {
			was := cell.Printed
			if strings.Trim(was, "0") == "" {
				continue
			}
			cell.Printed = nextDigit(was)
			named := slices.ContainsFunc(audit.Run(declared, audit.Options{}).Findings, func(f audit.Finding) bool {
				return !before[f.Form+place(f)] && (f.Form == form.ID && slices.Contains(f.Cells, where) || slices.Contains(f.Cells, form.ID+":"+where))
			})
			if !named {
				t.Errorf("%s %s: %s in place of %s is not named", form.ID, where, cell.Printed, was)
			}
			cell.Printed = was
		}
	}
}

// nextDigit adds three to the last digit of a printed number.
func nextDigit(printed string) string {
	changed := []byte(printed)
	for at := len(changed) - 1; at >= 0; at-- {
		if changed[at] >= '0' && changed[at] <= '9' {
			changed[at] = '0' + (changed[at]-'0'+3)%10
			break
		}
	}
	return string(changed)
}
