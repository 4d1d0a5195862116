package formimport_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/outturn/outturn/handlers/audit"
	"github.com/outturn/outturn/handlers/formimport"
)

// TestFilesOfAnotherProgramReadBack: LibreOffice wrote them (testdata/README.md).
func TestFilesOfAnotherProgramReadBack(t *testing.T) {
	t.Parallel()
	forms := published(t)
	spaces := regexp.MustCompile(` +`)
	for name, number := range map[string]int{"central.docx": 15, "central.xlsx": 15, "hunan.docx": 0, "hunan.xlsx": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file, err := os.ReadFile("testdata/" + name)
			if err != nil {
				t.Fatal(err)
			}
			declared, _ := read(t, file)
			if len(declared.Forms) != 1 {
				t.Fatalf("%d forms", len(declared.Forms))
			}
			want := cloned(t, forms[number])
			for i := range want.Indicators { // a page knows no two spaces in a row
				n := &want.Indicators[i]
				n.Target.Printed = spaces.ReplaceAllString(n.Target.Printed, " ")
			}
			if diff := differences(want, declared.Forms[0]); diff != "" {
				t.Errorf("(-printed +read):\n%s", diff)
			}
		})
	}
}

// reportOf is a whole report: text, a table that is no form, and every form.
func reportOf(forms []audit.Form) []sheet {
	other := sheet{
		above: []string{"2023年度部门整体支出绩效自评报告", "一、基本情况。项目名称：见附件。", "附件：1.项目支出绩效自评表"},
		rows:  [][]box{{one("三公经费"), one("预算数"), one("决算数")}, {one("公务接待费"), one("20"), one("19.48")}},
	}
	sheets := []sheet{other}
	for _, form := range forms {
		if form.Kind == audit.Department {
			sheets = append(sheets, hunan(form))
		} else {
			sheets = append(sheets, central(form))
		}
	}
	return sheets
}

func TestAWholeReportGivesEveryForm(t *testing.T) {
	t.Parallel()
	forms := published(t)
	for _, kind := range []string{"docx", "xlsx", "text"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			declared, report := read(t, written(t, kind, reportOf(forms)...))
			if len(declared.Forms) != len(forms) || report.Forms != len(forms) {
				t.Fatalf("%d forms of %d", len(declared.Forms), len(forms))
			}
			for i, form := range forms {
				if diff := differences(form, declared.Forms[i]); diff != "" {
					t.Errorf("%s (-printed +read):\n%s", form.ID, diff)
				}
				if want := fmt.Sprintf("form-%02d", i+1); declared.Forms[i].ID != want {
					t.Errorf("id %s, not %s", declared.Forms[i].ID, want)
				}
			}
			if !slices.ContainsFunc(report.Unread, func(u formimport.Unread) bool {
				return u.Why == formimport.WhyNotAForm && (u.Place.Table == 1 || u.Place.String() == "表1")
			}) {
				t.Errorf("the table of another sort is not reported: %v", report.Unread)
			}
		})
	}
}

// TestFormsBelowEachOtherInOneTableAreApart: one sheet, or one Word table, may
// hold several forms.
func TestFormsBelowEachOtherInOneTableAreApart(t *testing.T) {
	t.Parallel()
	forms := published(t)[1:4]
	for _, titled := range []bool{true, false} {
		var all sheet
		for _, form := range forms {
			s := central(form)
			if titled {
				all.rows = append(all.rows, []box{wide(s.above[1], 9)})
			} else {
				all.above = s.above
			}
			all.rows = append(append(all.rows, s.rows...), []box{wide(s.below[1], 9)})
		}
		for _, kind := range []string{"docx", "xlsx"} {
			declared, _ := read(t, written(t, kind, all))
			if len(declared.Forms) != len(forms) {
				t.Fatalf("%s, titled %v: %d forms", kind, titled, len(declared.Forms))
			}
			for i, form := range forms {
				if !titled && i > 0 {
					form.Year = 0 // only the first has a title
				}
				if diff := differences(form, declared.Forms[i]); diff != "" {
					t.Errorf("%s %s (-printed +read):\n%s", kind, form.ID, diff)
				}
			}
		}
	}
}

// TestATableBrokenAtAPageGoesOn with and without the labels printed again.
func TestATableBrokenAtAPageGoesOn(t *testing.T) {
	t.Parallel()
	form := published(t)[15]
	whole := yunnan(form)
	labels := slices.IndexFunc(whole.rows, func(row []box) bool { return row[0].text == "一级指标" })
	for name, again := range map[string][][]box{"without labels": nil, "with labels": {whole.rows[labels]}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first, second := whole, sheet{}
			first.rows, second.rows = whole.rows[:labels+5], append(slices.Clone(again), whole.rows[labels+5:]...)
			declared, report := read(t, docx(t, first, second))
			if len(declared.Forms) != 1 {
				t.Fatalf("%d forms: %v", len(declared.Forms), report.Unread)
			}
			form := form
			form.MoneyUnit, form.FilledOn, form.Total.Grade = text("元"), audit.Text{}, text("优")
			if diff := differences(form, declared.Forms[0]); diff != "" {
				t.Errorf("(-printed +read):\n%s", diff)
			}
		})
	}
}

// small is the smallest central form: enough to change one thing at a time.
func small(changed func(rows [][]box) [][]box) sheet {
	rows := [][]box{
		{one("项目名称"), wide("道路维护", 8)},
		{tall("项目资金（万元）", 2), wide("", 2), one("年初预算数"), one("全年预算数"), one("全年执行数"), one("分值"), one("执行率"), one("得分")},
		{wide("年度资金总额", 2), one("10"), one("12.5"), one("12"), one("10"), one("96%"), one("9.6")},
		{tall("绩效指标", 3), one("一级指标"), one("二级指标"), one("三级指标"), one("年度指标值"), one("实际完成值"), one("分值"), one("得分"), one("偏差原因分析及改进措施")},
		{one("产出指标"), one("数量指标"), one("维护里程"), one("≥30公里"), one("31公里"), one("50"), one("50"), one("")},
		{one(""), one("质量指标"), one("合格率"), one("100%"), one("100%"), one("40"), one("40"), one("")},
		{wide("总分", 6), one("100"), one("99.6"), one("")},
	}
	return sheet{above: []string{"项目支出绩效自评表", "（2024年度）"}, rows: changed(rows)}
}

func unchanged(rows [][]box) [][]box { return rows }

func TestABlankLevelContinuesTheOneAbove(t *testing.T) {
	t.Parallel()
	declared, _ := read(t, docx(t, small(unchanged)))
	second := declared.Forms[0].Indicators[1]
	if second.Level1.Printed != "产出指标" || second.Level2.Printed != "质量指标" {
		t.Errorf("levels %q, %q", second.Level1, second.Level2)
	}
	if declared.Forms[0].Year != 2024 {
		t.Errorf("year %d", declared.Forms[0].Year)
	}
}

func TestAMergedIndicatorNamesBothRows(t *testing.T) {
	t.Parallel()
	file := small(func(rows [][]box) [][]box {
		rows[4][2] = tall("维护里程", 2)
		rows[5] = slices.Delete(rows[5], 2, 3)
		return rows
	})
	for _, kind := range []string{"docx", "xlsx"} {
		declared, _ := read(t, written(t, kind, file))
		for i, n := range declared.Forms[0].Indicators {
			if n.Level3.Printed != "维护里程" {
				t.Errorf("%s: row %d is %q", kind, i, n.Level3)
			}
		}
	}
}

// TestWhatIsNotUnderstoodIsReportedWithItsPlace.
func TestWhatIsNotUnderstoodIsReportedWithItsPlace(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		changed func(rows [][]box) [][]box
		want    formimport.Unread
	}{
		"a cell right of the last column": {
			func(rows [][]box) [][]box { rows[4] = append(rows[4], one("手写批注")); return rows },
			formimport.Unread{Text: "手写批注", Why: formimport.WhyNotUnderstood, Place: formimport.Place{Table: 1, Row: 5, Column: 10}},
		},
		"a column without a place in the form": {
			func(rows [][]box) [][]box { rows[3][8] = one("是否核心指标"); return rows },
			formimport.Unread{Text: "是否核心指标", Why: formimport.WhyNoPlace, Place: formimport.Place{Table: 1, Row: 4, Column: 9}},
		},
		"a label of the head that is unknown": {
			func(rows [][]box) [][]box {
				return slices.Insert(rows, 1, []box{wide("预算管理一体化编号", 2), wide("0001", 7)})
			},
			formimport.Unread{Text: "预算管理一体化编号", Why: formimport.WhyNotUnderstood, Place: formimport.Place{Table: 1, Row: 2, Column: 1}},
		},
		"a subtotal": {
			func(rows [][]box) [][]box {
				return slices.Insert(rows, 6, []box{one(""), one(""), one(""), one("小计"), one(""), one(""), one("90"), one("90"), one("")})
			},
			formimport.Unread{Text: "小计", Why: formimport.WhySubtotal, Place: formimport.Place{Table: 1, Row: 7, Column: 4}},
		},
		"no unit of money": {
			func(rows [][]box) [][]box { rows[1][0] = tall("项目资金", 2); return rows },
			formimport.Unread{Why: formimport.WhyUnitNotStated, Place: formimport.Place{Table: 1, Row: 1, Column: 1}},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, report := read(t, docx(t, small(c.changed)))
			if !slices.Contains(report.Unread, c.want) {
				t.Errorf("want %v (%s), have %v", c.want, c.want.Place, report.Unread)
			}
			if c.want.Why.Explain() == "" {
				t.Errorf("%s is not explained", c.want.Why)
			}
		})
	}
}

func TestCleaningKeepsTheRawText(t *testing.T) {
	t.Parallel()
	declared, report := read(t, docx(t, small(func(rows [][]box) [][]box {
		rows[2][3] = one("[bookmark: _GoBack]　12\n　")
		return rows
	})))
	if executed := declared.Forms[0].Funds[0].Executed.Printed; executed != "12" {
		t.Fatalf("executed %q", executed)
	}
	want := formimport.Raw{Form: "form-01", Where: "funds.executed", Raw: "[bookmark: _GoBack]　12\n　", Text: "12", Place: formimport.Place{Table: 1, Row: 3, Column: 6}}
	if !slices.Contains(report.Raw, want) {
		t.Errorf("want %v, have %v", want, report.Raw)
	}
}

func TestPlacesOfASheetAreItsCells(t *testing.T) {
	t.Parallel()
	_, report := read(t, xlsx(t, small(func(rows [][]box) [][]box {
		rows[4] = append(rows[4], one("手写批注"))
		return rows
	})))
	if i := slices.IndexFunc(report.Unread, func(u formimport.Unread) bool { return u.Text == "手写批注" }); i < 0 || report.Unread[i].Place.String() != "表1!J7" {
		t.Errorf("have %v", report.Unread)
	}
}

// TestDeletedAndHiddenTextIsNotRead, and text behind a merged cell is reported.
func TestDeletedAndHiddenTextIsNotRead(t *testing.T) {
	t.Parallel()
	body := paragraph("2024年度项目支出绩效自评表") + wordTable(small(unchanged).rows)
	body = strings.Replace(body, run("31")+`<w:proofErr w:type="spellStart"/>`+run("公里"),
		`<w:del><w:r><w:delText>29</w:delText></w:r></w:del><w:ins><w:r><w:t>31</w:t></w:r></w:ins><w:r><w:rPr><w:vanish/></w:rPr><w:t>秘密</w:t></w:r>`+run("公里"), 1)
	body = strings.Replace(body, `<w:vMerge/></w:tcPr><w:p>`, `<w:vMerge/></w:tcPr><w:p><w:r><w:t>旧文</w:t></w:r>`, 1)
	declared, report := read(t, zipped(t, wordParts(body)))
	if actual := declared.Forms[0].Indicators[0].Actual.Printed; actual != "31公里" {
		t.Errorf("actual %q", actual)
	}
	if !slices.ContainsFunc(report.Unread, func(u formimport.Unread) bool {
		return u.Why == formimport.WhyUnderMerge && u.Text == "旧文"
	}) {
		t.Errorf("the covered text is not reported: %v", report.Unread)
	}
}

// TestANestedTableIsATableOfItsOwn: some reports frame each form in a cell.
func TestANestedTableIsATableOfItsOwn(t *testing.T) {
	t.Parallel()
	body := paragraph("2024年度项目支出绩效自评表") + "<w:tbl><w:tr><w:tc>" + wordTable(small(unchanged).rows) + "<w:p/></w:tc></w:tr></w:tbl>"
	declared, _ := read(t, zipped(t, wordParts(body)))
	if len(declared.Forms) != 1 || len(declared.Forms[0].Indicators) != 2 {
		t.Errorf("%+v", declared)
	}
}

// TestRowsOfMoneyMayEndInAColon: 其他资金： is a row, not a department's income.
func TestRowsOfMoneyMayEndInAColon(t *testing.T) {
	t.Parallel()
	declared, report := read(t, docx(t, small(func(rows [][]box) [][]box {
		rows[1][0].rows = 3
		rows[2][0].text = "年度资金总额："
		return slices.Insert(rows, 3, []box{wide("其他资金：", 2), one(""), one("0.5"), one("0"), one("—"), one("—"), one("—")})
	})))
	form := declared.Forms[0]
	if len(form.Funds) != 2 || form.Funds[1].Row != "other" || form.Funds[1].FullYear.Printed != "0.5" || form.Income != nil {
		t.Errorf("%+v, %v", form, report.Unread)
	}
}

// TestSpendingStandsBesideItsLabels in the head of some departments' forms.
func TestSpendingStandsBesideItsLabels(t *testing.T) {
	t.Parallel()
	declared, _ := read(t, docx(t, small(func(rows [][]box) [][]box {
		rows[0] = []box{one("单位名称"), wide("水利局", 8)}
		return slices.Insert(rows, 1, []box{one("基本支出总额"), wide("100", 3), wide("项目支出总额", 2), wide("20.5", 3)})
	})))
	form := declared.Forms[0]
	if form.Spending == nil || form.Spending.Basic.Printed != "100" || form.Spending.Project.Printed != "20.5" || form.ImplementingUnit.Printed != "水利局" || len(form.Funds) != 1 {
		t.Errorf("%+v", form)
	}
}

// TestLabelsOfTwoRowsAreReadTogether: the row below divides what the one above
// announces.
func TestLabelsOfTwoRowsAreReadTogether(t *testing.T) {
	t.Parallel()
	file := small(func(rows [][]box) [][]box {
		rows[3] = []box{tall("绩效指标", 4), tall("一级指标", 2), tall("二级指标", 2), tall("三级指标", 2), wide("指标值", 2), tall("分值", 2), tall("得分", 2), tall("备注", 2)}
		return slices.Insert(rows, 4, []box{one("年度指标值"), one("实际完成值")})
	})
	for _, kind := range []string{"docx", "xlsx"} {
		declared, report := read(t, written(t, kind, file))
		form := declared.Forms[0]
		if len(form.Indicators) != 2 || form.Indicators[0].Target.Printed != "≥30公里" || form.Indicators[0].Actual.Printed != "31公里" || form.Indicators[0].Score.Printed != "50" {
			t.Errorf("%s: %+v, %v", kind, form, report.Unread)
		}
	}
}

// BenchmarkAThousandForms: importing is not what an audit waits for.
func BenchmarkAThousandForms(b *testing.B) {
	forms := published(b)[1:]
	var sheets []sheet
	for i := range 1000 {
		sheets = append(sheets, central(forms[i%len(forms)]))
	}
	for _, kind := range []string{"docx", "xlsx", "text"} {
		file := written(b, kind, sheets...)
		b.Run(kind, func(b *testing.B) {
			for b.Loop() {
				if declared, _ := read(b, file); len(declared.Forms) != len(sheets) {
					b.Fatalf("%d forms", len(declared.Forms))
				}
			}
		})
	}
}
