package intake

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"

	"github.com/xuri/excelize/v2"

	"github.com/outturn/outturn/handlers/language"
)

// exampleText is the memo of a template's example row: a row with it is not read.
const exampleText = "intake.example"

// example is what the example row says, but for its texts.
var example = map[key]string{
	keyID: "2023-000123", keyLine: "L-2023-001", keyUnit: "U001", keyProject: "P001", keyVintage: "2023", keyYear: "2023",
	keyEconomicClass: "30201", keyAmount: "12345.67", keyDate: "2023-10-31",
}

// Where a template's formats and lists reach down to, and how Excel counts the
// day of the example.
const (
	templateRows  = MaxRows + 1
	exampleSerial = "45230" // 2023-10-31
)

// Template writes an empty file to fill in: the headers, an example row that is
// not read on the way in, and what each column holds, on a sheet of its own or
// in lines above the header.
func Template(w io.Writer, format string, in language.Printer) error {
	switch format {
	case CSV:
		return csvTemplate(w, in)
	case XLSX:
		return workbookTemplate(w, in)
	}
	return fmt.Errorf("unknown format %q of a template: use %s or %s", format, CSV, XLSX)
}

// title is a column's header in a language; a star marks what every payment needs.
func title(k key, in language.Printer) string {
	star := ""
	if slices.Contains(append(slices.Clone(kinds[0].needs), keyLine), k) {
		star = "*"
	}
	name := columns[k].zh
	if in.Tag() == language.English {
		name = columns[k].en
	}
	if k == keyAmount {
		name += in.Text("intake.in_yuan")
	}
	return name + star
}

// explanation is the text that says what a column holds.
func explanation(k key) string { return "intake.column." + columns[k].member }

func exampleOf(k key, in language.Printer) string {
	switch k {
	case keyType:
		return kindNames(in)[0]
	case keyFund:
		return fundNames(in)[0]
	case keyDocument, keyPayee, keyPurpose:
		text := "intake.example." + columns[k].member
		return in.Text(text)
	case keyMemo:
		return in.Text(exampleText)
	}
	return example[k]
}

func kindNames(in language.Printer) []string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		if names[i] = k.zh; in.Tag() == language.English {
			names[i] = k.en
		}
	}
	return names
}

func fundNames(in language.Printer) []string {
	names := make([]string, len(funds))
	for i, f := range funds {
		if names[i] = f.zh; in.Tag() == language.English {
			names[i] = string(f.fund)
		}
	}
	return names
}

func csvTemplate(w io.Writer, in language.Printer) error {
	if _, err := io.WriteString(w, byteOrderMark); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	var headers, row []string
	records := [][]string{{"# " + in.Text("intake.template_says")}}
	for k := range keyCount {
		headers, row = append(headers, title(k, in)), append(row, exampleOf(k, in))
		records = append(records, []string{"# " + title(k, in) + ": " + in.Text(explanation(k))})
	}
	return out.WriteAll(append(records, headers, row))
}

// workbookTemplate makes the sheet to fill in, and the one that explains it, which
// also holds the words that the lists offer.
func workbookTemplate(w io.Writer, in language.Printer) error {
	book := excelize.NewFile()
	defer book.Close()
	sheet, guide := in.Text("intake.sheet"), in.Text("intake.guide")
	if err := book.SetSheetName("Sheet1", sheet); err != nil {
		return err
	}
	if _, err := book.NewSheet(guide); err != nil {
		return err
	}
	for _, step := range []func(*excelize.File, string, string, language.Printer) error{fillSheet, fillGuide, offerWords} {
		if err := step(book, sheet, guide, in); err != nil {
			return err
		}
	}
	return book.Write(w)
}

func fillSheet(book *excelize.File, sheet, _ string, in language.Printer) error {
	head, err := headStyle(book)
	if err != nil {
		return err
	}
	money, date := "#,##0.00", "yyyy-mm-dd"
	formats := map[key]*excelize.Style{keyAmount: {CustomNumFmt: &money}, keyDate: {CustomNumFmt: &date}}
	for k := range keyCount {
		format := formats[k]
		if format == nil {
			format = &excelize.Style{NumFmt: formatText}
		}
		style, err := book.NewStyle(format)
		if err != nil {
			return err
		}
		column, err := excelize.ColumnNumberToName(int(k) + 1)
		if err != nil {
			return err
		}
		value := book.SetCellStr
		text := exampleOf(k, in)
		switch k {
		case keyAmount:
			value = book.SetCellDefault
		case keyDate:
			value, text = book.SetCellDefault, exampleSerial
		}
		for _, err := range []error{
			book.SetColStyle(sheet, column, style), book.SetColWidth(sheet, column, column, columnWidth),
			book.SetCellStr(sheet, column+"1", title(k, in)), book.SetCellStyle(sheet, column+"1", column+"1", head),
			value(sheet, column+"2", text), book.SetCellStyle(sheet, column+"2", column+"2", style),
		} {
			if err != nil {
				return err
			}
		}
	}
	return book.SetPanes(sheet, &excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"})
}

// The columns of the guide that hold the words of the lists.
const (
	kindColumn = "D"
	fundColumn = "E"
)

func fillGuide(book *excelize.File, _, guide string, in language.Printer) error {
	head, err := headStyle(book)
	if err != nil {
		return err
	}
	put := func(cell, words string) {
		if err == nil {
			err = book.SetCellStr(guide, cell, words)
		}
	}
	put("A1", in.Text("intake.guide_column"))
	put("B1", in.Text("intake.guide_holds"))
	put(kindColumn+"1", title(keyType, in))
	put(fundColumn+"1", title(keyFund, in))
	for k := range keyCount {
		put(fmt.Sprintf("A%d", k+2), title(k, in))
		put(fmt.Sprintf("B%d", k+2), in.Text(explanation(k)))
	}
	put(fmt.Sprintf("A%d", keyCount+3), in.Text("intake.template_says"))
	for i, name := range kindNames(in) {
		put(fmt.Sprintf("%s%d", kindColumn, i+2), name)
	}
	for i, name := range fundNames(in) {
		put(fmt.Sprintf("%s%d", fundColumn, i+2), name)
	}
	if err != nil {
		return err
	}
	if err := book.SetColWidth(guide, "B", "B", 5*columnWidth); err != nil {
		return err
	}
	if err := book.SetColWidth(guide, kindColumn, fundColumn, columnWidth); err != nil {
		return err
	}
	return book.SetCellStyle(guide, "A1", fundColumn+"1", head)
}

// offerWords puts the lists of words behind the cells of types and funds.
func offerWords(book *excelize.File, sheet, guide string, _ language.Printer) error {
	for _, list := range []struct {
		key    key
		column string
		words  int
	}{{keyType, kindColumn, len(kinds)}, {keyFund, fundColumn, len(funds)}} {
		column, err := excelize.ColumnNumberToName(int(list.key) + 1)
		if err != nil {
			return err
		}
		offer := excelize.NewDataValidation(true)
		offer.SetSqref(fmt.Sprintf("%s2:%s%d", column, column, templateRows))
		offer.SetSqrefDropList(fmt.Sprintf("'%s'!$%s$2:$%s$%d", guide, list.column, list.column, list.words+1))
		if err := book.AddDataValidation(sheet, offer); err != nil {
			return err
		}
	}
	return nil
}
