package intake_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/handlers/intake"
)

const kindsHeader = "类型,指标编码,金额,日期,凭证号,收款人,用途,合同,目标指标,原支付,更正后经济分类,原因,备注\n"

func TestEveryTypeOfRow(t *testing.T) {
	t.Parallel()
	for row, want := range map[string]string{
		",L1,1,2023-10-31,D1,甲公司,货款,C1,,,,,急":            `outturn.disbursement.paid.v1 {"amount":"1.00","date":"2023-10-31","document":"D1","payee":"甲公司","purpose":"货款","commitment":"C1","memo":"急"}`,
		"退回,L1,1,2023-10-31,D2,,,,,p-1,,退货,":             `outturn.disbursement.refunded.v1 {"payment":"p-1","amount":"1.00","date":"2023-10-31","reason":"退货","memo":"凭证号: D2"}`,
		"更正,L1,,2023-10-31,,,,,L2,p-1,30202,记错,":         `outturn.disbursement.corrected.v1 {"payment":"p-1","to_line":"L2","to_economic_class":"30202","date":"2023-10-31","reason":"记错"}`,
		"年初预算,L1,1,2023-01-01,文1,,,,,,,,":                `outturn.budget.allocated.v1 {"amount":"1.00","date":"2023-01-01","document":"文1"}`,
		"Supplement,L1,1,2023-10-31,文2,,增支,,,,,,":        `outturn.budget.supplemented.v1 {"amount":"1.00","date":"2023-10-31","document":"文2","reason":"增支"}`,
		"追减,L1,1,2023-10-31,文2,,,,,,,减支,":                `outturn.budget.reduced.v1 {"amount":"1.00","date":"2023-10-31","document":"文2","reason":"减支"}`,
		"调剂,L1,1,2023-10-31,文3,,,,L2,,,统筹,":              `outturn.budget.transferred.v1 {"to":"L2","amount":"1.00","date":"2023-10-31","document":"文3","reason":"统筹"}`,
		"budget.recalled,L1,1,2023-10-31,文4,,,,,,,两年未用,": `outturn.budget.recalled.v1 {"amount":"1.00","date":"2023-10-31","document":"文4","reason":"两年未用"}`,
		"冻结,L1,1,2023-10-31,文5,,,,,,,待查,":                `outturn.budget.frozen.v1 {"amount":"1.00","date":"2023-10-31","document":"文5","reason":"待查"}`,
		"解冻,L1,1,2023-10-31,文5,,,,,,,查清,":                `outturn.budget.unfrozen.v1 {"amount":"1.00","date":"2023-10-31","document":"文5","reason":"查清"}`,
		"上年结转,L1,1,2023-01-01,,,,,,,,,":                  `outturn.carryover.received.v1 {"amount":"1.00","date":"2023-01-01","from_year":2022}`,
		"结转确认,L1,1,2023-03-01,决1,,,,,,,,":                `outturn.carryover.confirmed.v1 {"amount":"1.00","date":"2023-03-01","from_year":2022,"document":"决1"}`,
		"结转下年,L1,1,2023-12-31,,,,,,,,,":                  `outturn.carryover.sent.v1 {"amount":"1.00","date":"2023-12-31","to_year":2024}`,
		"结余上缴,L1,1,2023-12-31,文6,,,,,,,,":                `outturn.surplus.returned.v1 {"amount":"1.00","date":"2023-12-31","document":"文6"}`,
		"合同占用,L1,1,2023-10-31,合1,乙公司,,C1,,,,,":           `outturn.commitment.made.v1 {"commitment":"C1","amount":"1.00","date":"2023-10-31","counterparty":"乙公司","document":"合1"}`,
		"合同变更,L1,2,2023-10-31,,,,C1,,,,,":                `outturn.commitment.changed.v1 {"commitment":"C1","amount":"2.00","date":"2023-10-31"}`,
		"合同释放,L1,,2023-10-31,,,,C1,,,,完工,":               `outturn.commitment.released.v1 {"commitment":"C1","date":"2023-10-31","reason":"完工"}`,
	} {
		t.Run(strings.SplitN(row, ",", 2)[0], func(t *testing.T) {
			t.Parallel()
			all, report := read(t, "a.csv", []byte(kindsHeader+row+"\n"), intake.Options{})
			if len(all) != 1 {
				t.Fatalf("refused: %v", report.Rows[0].Problems[0].Refusal)
			}
			raw, err := json.Marshal(all[0].Data)
			if err != nil {
				t.Fatal(err)
			}
			if got := string(all[0].Type) + " " + string(raw); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

// TestEverythingWrongWithARowIsSaidAtOnce, so that it is mended once.
func TestEverythingWrongWithARowIsSaidAtOnce(t *testing.T) {
	t.Parallel()
	_, report := read(t, "a.csv", []byte(kindsHeader+"追加,,x,明天,,=1,,,L2,,,,\n"), intake.Options{})
	var got [][3]string
	for _, p := range report.Rows[0].Problems {
		got = append(got, [3]string{p.Column, p.Value, string(p.Refusal.Reason)})
	}
	want := [][3]string{{"日期", "明天", "date_invalid"}, {"金额", "x", "amount_unread"}, {"收款人", "=1", "cell_formula_text"},
		{"目标指标", "L2", "cell_unused"}, {"指标编码", "", "line_missing"}, {"凭证号", "", "field_required"}, {"原因", "", "field_required"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestWhatATypeNeedsIsWhatEventsNeed: a row that lacks a member is told so by
// the import, with its column, before it is an event.
func TestWhatATypeNeedsIsWhatEventsNeed(t *testing.T) {
	t.Parallel()
	for _, definition := range events.Definitions() {
		_, report := read(t, "a.csv", []byte(kindsHeader+definition.Type.Noun()+",L1,,,,,,,,,,,\n"), intake.Options{})
		for _, p := range report.Rows[0].Problems {
			if p.Refusal.Reason != events.ReasonFieldRequired && p.Refusal.Reason != intake.ReasonTypeWord || p.Column == "" {
				t.Errorf("%s: %v at %q", definition.Type, p.Refusal, p.Column)
			}
		}
	}
}

func TestIDsAreOfTheContentAndTheCount(t *testing.T) {
	t.Parallel()
	ids := func(body string) (ids []events.EventID) {
		all, _ := read(t, "a.csv", []byte(body), intake.Options{})
		for _, event := range all {
			ids = append(ids, event.ID)
		}
		return ids
	}
	one := ids("指标编码,金额,日期,凭证号\nL1,1,2023-10-31,D1\nL1,1,2023-10-31,D1\nL1,2,2023-10-31,D1\n")
	if one[0] == one[1] || one[0] == one[2] {
		t.Errorf("different rows have the id %s", one[0])
	}
	same := ids("Type,Document,Date,Amount,Line,说明列\nPayment,D1,2023年10月31日,￥2.00,L1,x\nPayment,D1,20231031,１．００,L1,y\nPayment,D1,2023/10/31,1,L1,z\n")
	if same[1] != one[0] || same[2] != one[1] || same[0] != one[2] {
		t.Errorf("rows that say the same have the ids %s and %s", one, same)
	}
	own := ids("流水号,指标编码,金额,日期,凭证号\nA-1,L1,1,2023-10-31,D1\n支付 2,L1,1,2023-10-31,D1\n")
	if own[0] != "A-1" || own[1] != "%E6%94%AF%E4%BB%98+2" {
		t.Errorf("serial numbers become %s", own)
	}
}
