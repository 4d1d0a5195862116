package exports

import "github.com/outturn/outturn/handlers/language"

// words are the headings of the worksheets that no template makes.
type words struct {
	Provenance, Changes string
	ProvenanceHead      []string
	ChangesHead         []string
	Postings, Events    string
	Cells, Nothing      string
}

// wordsIn are the headings in a language.
func wordsIn(tag language.Tag) words {
	if tag == language.English {
		return words{
			Provenance:     "provenance",
			Changes:        "budget changes",
			ProvenanceHead: []string{"Form", "Place", "Cell", "Printed", "Exact", "Digits", "Rounding", "Made of", "Through event"},
			ChangesHead:    []string{"Form", "Event", "Line", "Measure", "Amount (yuan)", "Date", "Document", "Reason"},
			Postings:       "postings", Events: "events", Cells: "cells", Nothing: "no posting or event",
		}
	}
	return words{
		Provenance:     "来源",
		Changes:        "预算调整明细",
		ProvenanceHead: []string{"自评表", "位置", "单元格", "打印值", "精确值", "小数位数", "舍入方式", "构成", "截至事件"},
		ChangesHead:    []string{"自评表", "事件", "预算指标", "类别", "金额（元）", "日期", "文号", "事由"},
		Postings:       "分录", Events: "事件", Cells: "单元格", Nothing: "无分录或事件",
	}
}
