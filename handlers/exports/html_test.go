package exports_test

import (
	"bytes"
	"encoding/xml"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/outturn/outturn/handlers/exports"
	"github.com/outturn/outturn/projections/forms"
)

// readHTML rebuilds the tables of a page.
func readHTML(tb testing.TB, data []byte) []read {
	tb.Helper()
	var page struct {
		Sections []struct {
			Title   string     `xml:"h1"`
			Columns []struct{} `xml:"table>colgroup>col"`
			Head    []htmlRow  `xml:"table>thead>tr"`
			Body    []htmlRow  `xml:"table>tbody>tr"`
			Notes   []string   `xml:"p"`
		} `xml:"body>section"`
	}
	d := xml.NewDecoder(bytes.NewReader(data))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	if err := d.Decode(&page); err != nil {
		tb.Fatal(err)
	}
	var all []read
	for _, s := range page.Sections {
		r := read{Title: s.Title, Notes: s.Notes, Cols: len(s.Columns)}
		covered := map[[2]int]bool{}
		for row, cells := range append(s.Head, s.Body...) {
			col := 0
			for _, cell := range cells.Cells {
				for covered[[2]int{row, col}] {
					col++
				}
				rows, cols := cell.span("rowspan"), cell.span("colspan")
				for i := range rows * cols {
					covered[[2]int{row + i/cols, col + i%cols}] = true
				}
				r.Cells = append(r.Cells, readCell{cell.Text, row, col, rows, cols})
			}
		}
		all = append(all, r)
	}
	return all
}

type htmlRow struct {
	Cells []htmlCell `xml:",any"`
}

type htmlCell struct {
	Text  string     `xml:",chardata"`
	Attrs []xml.Attr `xml:",any,attr"`
}

func (c htmlCell) span(name string) int {
	for _, a := range c.Attrs {
		if a.Name.Local == name {
			n, _ := strconv.Atoi(a.Value)
			return n
		}
	}
	return 1
}

func TestAPageShowsTheReportsTablesCellByCell(t *testing.T) {
	t.Parallel()
	sheets := []exports.Sheet{department(t), training(t)}
	if diff := cmp.Diff([]read{wanted(sheets[0]), wanted(sheets[1])}, readHTML(t, page(t, sheets...))); diff != "" {
		t.Errorf("(-form +page):\n%s", diff)
	}
}

func TestAPageStandsAloneAndPrints(t *testing.T) {
	t.Parallel()
	html := string(page(t, single(forms.GridCell{Text: `<script>alert(1)</script><img src=x onerror=y>`, Name: `a"b`, Cols: 1, Rows: 1})))
	for _, never := range []string{"<script", "<img", "http://", "https://", "url(", "@import"} {
		if strings.Contains(html, never) {
			t.Errorf("the page has %s", never)
		}
	}
	for _, always := range []string{`<html lang="zh-CN">`, "@page { size: A4", "break-before: page", `data-cell="a&#34;b"`} {
		if !strings.Contains(html, always) {
			t.Errorf("the page has no %s", always)
		}
	}
}
