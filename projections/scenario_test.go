package projections_test

// scenario posts every measure, every type that the projection stores something
// of, two years, a tree of units, and payments that were refunded and moved.
func scenario(t failer) *ledger {
	t.Helper()
	l := newLedger()
	l.post(t, "unit.registered", "GX", object{"name": "市工业和信息化局"})
	l.post(t, "unit.registered", "RADIO", object{"name": "无线电监测站", "parent": "GX"})
	l.post(t, "unit.registered", "SME", object{"name": "中小企业服务中心", "parent": "GX"})
	l.post(t, "unit.registered", "LAB", object{"name": "实验室", "parent": "RADIO"})
	l.post(t, "unit.registered", "A-TOP", object{"name": "另一单位"})
	l.post(t, "year.opened", "GX", object{"year": 2023, "date": "2023-01-01"})
	l.post(t, "project.registered", "TRAIN", object{"unit": "SME", "year": 2023, "name": "培训", "kind": "project", "implementing_unit": "中心"})
	l.post(t, "project.registered", "TRAIN", object{"unit": "SME", "year": 2022, "name": "上年培训", "kind": "project"})
	l.post(t, "project.registered", "BASIC", object{"unit": "GX", "year": 2023, "name": "基本支出", "kind": "basic"})
	line := func(id, unit, project, fund string, vintage int, economic string) {
		l.post(t, "line.opened", id, object{"year": 2023, "unit": unit, "project": project, "name": "指标" + id, "fund": fund,
			"vintage": vintage, "function_class": "2150805", "economic_class": economic})
	}
	line("L1", "SME", "TRAIN", "general_public", 2023, "302")
	line("L2", "SME", "TRAIN", "general_public", 2022, "302")
	line("L3", "LAB", "TRAIN", "unit_funds", 2023, "310")
	line("L4", "GX", "BASIC", "government_fund", 2023, "301")
	line("L5", "GX", "BASIC", "general_public", 2023, "303")
	l.post(t, "line.opened", "P1", object{"year": 2022, "unit": "SME", "project": "TRAIN", "fund": "general_public",
		"vintage": 2022, "function_class": "21508", "economic_class": "30216"})
	budgets(t, l)
	payments(t, l)
	l.post(t, "goal.set", "TRAIN", object{"about": "project", "year": 2023, "date": "2023-02-01", "goal": "办好培训"})
	l.post(t, "period.closed", "SME", object{"year": 2023, "month": 9})
	l.post(t, "year.closed", "GX", object{"year": 2022, "date": "2023-01-31"})
	l.post(t, "year.closed", "A-TOP", object{"year": 2023, "date": "2023-12-31"})
	l.post(t, "year.reopened", "A-TOP", object{"year": 2023, "date": "2024-01-05", "reason": "更正"})
	return l
}

func budgets(t failer, l *ledger) {
	t.Helper()
	amount := func(noun, line, yuan, date string) {
		l.post(t, noun, line, object{"amount": yuan, "date": date, "document": "财〔2023〕1号", "reason": "下达"})
	}
	amount("budget.allocated", "L1", "800000.00", "2023-01-05")
	amount("budget.allocated", "L3", "50000.00", "2023-01-05")
	amount("budget.allocated", "L4", "120000.10", "2023-01-06")
	amount("budget.allocated", "P1", "1000.00", "2022-01-06")
	amount("budget.supplemented", "L1", "100000.00", "2023-05-10")
	amount("budget.reduced", "L1", "20000.00", "2023-06-11")
	amount("budget.recalled", "L4", "20000.05", "2023-07-01")
	amount("budget.frozen", "L1", "9000.00", "2023-03-01")
	amount("budget.unfrozen", "L1", "4000.00", "2023-04-01")
	l.post(t, "budget.transferred", "L1", object{"to": "L3", "amount": "30000.00", "date": "2023-06-30", "document": "调1", "reason": "调剂"})
	l.post(t, "carryover.received", "L2", object{"amount": "60000.00", "date": "2023-01-10", "from_year": 2022, "document": "结转1"})
	l.post(t, "carryover.confirmed", "L2", object{"amount": "55000.00", "date": "2023-03-20", "from_year": 2022, "document": "决算1"})
	l.post(t, "carryover.sent", "L3", object{"amount": "7000.00", "date": "2023-12-31", "to_year": 2024})
	amount("surplus.returned", "L2", "1000.00", "2023-12-30")
}

func payments(t failer, l *ledger) {
	t.Helper()
	pay := func(line, yuan, date string, more object) string {
		data := object{"amount": yuan, "date": date, "document": "凭1", "purpose": "讲课费"}
		for key, value := range more {
			data[key] = value
		}
		l.post(t, "disbursement.paid", line, data)
		return string(l.events[len(l.events)-1].ID)
	}
	l.post(t, "commitment.made", "L1", object{"commitment": "C1", "amount": "100000.00", "date": "2023-02-01", "counterparty": "某公司"})
	l.post(t, "commitment.changed", "L1", object{"commitment": "C1", "amount": "90000.00", "date": "2023-02-10"})
	pay("L1", "40000.00", "2023-03-15", object{"commitment": "C1", "economic_class": "30216"})
	l.post(t, "commitment.released", "L1", object{"commitment": "C1", "date": "2023-08-01"})
	l.post(t, "commitment.made", "L3", object{"commitment": "C1", "amount": "500.00", "date": "2023-08-02"})
	first := pay("L1", "411400.00", "2023-10-31", nil)
	l.post(t, "disbursement.refunded", "L1", object{"payment": first, "amount": "1400.00", "date": "2023-11-02", "reason": "退回"})
	second := pay("L1", "5000.00", "2023-10-31", nil)
	l.post(t, "disbursement.corrected", "L1", object{"payment": second, "to_line": "L3", "date": "2023-11-30", "reason": "列错"})
	third := pay("L4", "3000.00", "2023-11-01", object{"economic_class": "30103"})
	l.post(t, "disbursement.corrected", "L4", object{"payment": third, "to_economic_class": "30102", "date": "2023-11-30", "reason": "列错"})
	pay("P1", "1000.00", "2022-10-01", nil)
}
