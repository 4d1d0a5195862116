package exports_test

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/outturn/outturn/handlers/exports"
	"github.com/outturn/outturn/projections/forms"
)

func TestCSVHasTheTitleTheTableAndTheNotes(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := exports.CSV(&out, training(t), exports.UTF8ForExcel); err != nil {
		t.Fatal(err)
	}
	text, marked := strings.CutPrefix(out.String(), "\uFEFF")
	if !marked {
		t.Error("Excel needs a byte order mark")
	}
	records, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for row, want := range map[int][]string{
		0:  {"2023年度项目支出绩效自评表", "", "", "", "", "", "", "", ""},
		4:  {"", "年度资金总额", "", "0", "80", "41.14", "10", "51.42%", "5.14"},
		20: {"总分", "", "", "", "", "", "100", "90.64", ""},
		21: {"备注：一个一级项目支出一张表。", "", "", "", "", "", "", "", ""},
	} {
		if diff := cmp.Diff(want, records[row]); diff != "" {
			t.Errorf("record %d: %s", row, diff)
		}
	}
}

func TestCSVCarriesNoFormula(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"=1+1": "'=1+1\r\n", "+1+1": "'+1+1\r\n", "-1+1": "'-1+1\r\n", "@x": "'@x\r\n", "\tx": "'\tx\r\n", " =1": "' =1\r\n", "＝1": "'＝1\r\n",
		"\rx": "\"'\nx\"\r\n", "-": "'-\r\n",
		"-12.50": "-12.50\r\n", "-3%": "-3%\r\n", "—": "—\r\n", "a=b": "a=b\r\n", "": "\"\"\r\n",
	} {
		var out bytes.Buffer
		if err := exports.CSV(&out, single(forms.GridCell{Text: given, Cols: 1, Rows: 1}), exports.UTF8); err != nil {
			t.Fatal(err)
		}
		if got := strings.TrimPrefix(out.String(), "title\r\n"); got != want {
			t.Errorf("%q: %q, want %q", given, got, want)
		}
	}
}

func TestManyFormsAreManyFiles(t *testing.T) {
	t.Parallel()
	var out, alone bytes.Buffer
	twice := training(t)
	if err := exports.CSVArchive(&out, []exports.Sheet{department(t), twice, twice}, exports.UTF8); err != nil {
		t.Fatal(err)
	}
	if err := exports.CSV(&alone, twice, exports.UTF8); err != nil {
		t.Fatal(err)
	}
	files := unzip(t, out.Bytes())
	if len(files) != 3 || !bytes.Equal(files["002 04 赋能培训班.csv"], alone.Bytes()) || !bytes.Equal(files["003 04 赋能培训班 (2).csv"], alone.Bytes()) {
		t.Errorf("%d files", len(files))
	}
}

func TestAnUnknownEncodingIsRefused(t *testing.T) {
	t.Parallel()
	if err := exports.CSV(&bytes.Buffer{}, training(t), "gbk"); err == nil || !strings.Contains(err.Error(), "gbk") {
		t.Errorf("%v", err)
	}
}
