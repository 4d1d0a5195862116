package forms_test

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/outturn/outturn/projections/forms"
)

func TestTheRegionsOfTheReportAreThere(t *testing.T) {
	t.Parallel()
	for _, id := range []string{
		"central-project", "hunan-department", "sichuan", "hubei", "yunnan", "transfer-payment", "chongqing-department",
	} {
		if template := shipped(t, id); template.Name.Zh == "" || template.Name.En == "" {
			t.Errorf("%s has no name in both languages", id)
		}
	}
}

// central is the JSON of a template that is right.
func central(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile("templates/central-project.json")
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestABadTemplateIsToldWhereAndWhatToWrite(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, from, to, path, says string }{
		{"not JSON", `"kind":`, `"kind"`, "", "not JSON: line "},
		{"a misspelt member", `"rate": {"digits"`, `"rate": {"digit"`, "rate.digit", "there is no such member; there are digits, rounding, trim"},
		{"a number for a string", `"kind": "project"`, `"kind": 1`, "kind", "1: write a string"},
		{"a string for a number", `"side": 8`, `"side": "8"`, "side", `"8": write a whole number`},
		{"an unknown kind", `"kind": "project"`, `"kind": "school"`, "kind", `"school": write one of project, department`},
		{"an unknown unit", `"unit": "万元"`, `"unit": "美元"`, "money.unit", "write one of 万元, 元"},
		{"too many digits", `"万元", "digits": 2`, `"万元", "digits": 9`, "money.digits", "9: write a whole number from 0 to 6"},
		{"an unknown rounding", `"万元", "digits": 2, "rounding": "half_up"`, `"万元", "digits": 2, "rounding": "up"`, "money.rounding", "half_up, half_even, truncate"},
		{"an unknown placeholder", `"text": "{project}"`, `"text": "{projekt}"`, "head[0][0].text", "{projekt} is no placeholder; there are {year}"},
		{"a brace that is not closed", `"text": "{project}"`, `"text": "{project"`, "head[0][0].text", "is no placeholder"},
		{"an unknown column", `{"value": "initial"`, `{"value": "begin"`, "funds.columns[0].value", `"begin": write one of initial, full_year`},
		{"a column twice", `{"value": "initial"`, `{"value": "executed"`, "funds.columns[2].value", "has a column already"},
		{"widths that do not add up", `"label": "年初预算数", "width": 17`, `"label": "年初预算数", "width": 18`, "funds.columns", "add up to 73, but 72 of 100"},
		{"an unknown source", `"sources": ["carryover"]`, `"sources": ["last_year"]`, "funds.rows[2].sources[0]", "current_appropriation, carryover, other"},
		{"no total", `{"row": "total"`, `{"row": "sum"`, "funds.rows", `has no row "total"`},
		{"a row twice", `{"row": "carryover"`, `{"row": "other"`, "funds.rows[3].row", "is there already"},
		{"an unknown column of indicators", `{"value": "note"`, `{"value": "remark"`, "indicators.columns[7].value", "coefficient"},
		{"points before names", `{"value": "level1", "label": "一级指标", "width": 9, "sum": "（{weight}分）"}`, `{"value": "core", "label": "核心", "width": 9}`, "indicators.columns[0].value", "the first column is level1, level2 or level3"},
		{"points without rules", `"scoring": {`, `"scorings": {`, "scorings", "there is no such member"},
		{"rules without a total", `"total": {"label": "总分"},`, ``, "total", "is missing"},
		{"bands with a gap", `"from": "80", "to": "60"`, `"from": "70", "to": "60"`, "scoring.bands[1].from", "70: the band begins where the one before it ends, at 80"},
		{"no name in English", `"en": "Project self-evaluation form (central format)"`, `"en": " "`, "name.en", "is empty"},
		{"a reason below more than all", `"reason_below": "90"`, `"reason_below": "101"`, "reason_below", `from "0" to "100"`},
		{"two objects", "\n}\n", "\n}\n{}", "", "something follows"},
	} {
		raw := strings.Replace(central(t), c.from, c.to, 1)
		if raw == central(t) {
			t.Errorf("%s: the template has no %s to change", c.name, c.from)
			continue
		}
		_, err := forms.LoadTemplates(fstest.MapFS{"mine.json": {Data: []byte(raw)}})
		if err == nil {
			t.Errorf("%s: it was taken", c.name)
			continue
		}
		if text := err.Error(); !strings.Contains(text, "template mine.json: ") || !strings.Contains(text, c.path+": ") || !strings.Contains(text, c.says) {
			t.Errorf("%s: %v; want the file, %s and %q", c.name, err, c.path, c.says)
		}
	}
}

func TestAllThatIsWrongIsTold(t *testing.T) {
	t.Parallel()
	raw := strings.NewReplacer(`"kind": "project"`, `"kind": "school"`, `"unit": "万元"`, `"unit": "美元"`).Replace(central(t))
	_, err := forms.LoadTemplate([]byte(raw))
	var first forms.TemplateError
	if !errors.As(err, &first) || first.Path != "kind" || !strings.Contains(err.Error(), "money.unit") {
		t.Errorf("LoadTemplate: %v; want kind and money.unit", err)
	}
}

func TestAFolderOfTemplatesIsLoaded(t *testing.T) {
	t.Parallel()
	mine := strings.Replace(central(t), `"central-project"`, `"mine"`, 1)
	all, err := forms.LoadTemplates(fstest.MapFS{"mine.json": {Data: []byte(mine)}, "README.md": {}})
	if err != nil || all["mine"] == nil || len(all) != 1 {
		t.Errorf("LoadTemplates = %v, %v; want mine", all, err)
	}
	_, err = forms.LoadTemplates(fstest.MapFS{"a.json": {Data: []byte(mine)}, "b.json": {Data: []byte(mine)}})
	if err == nil || !strings.Contains(err.Error(), "b.json: id: \"mine\" is the id of a.json already") {
		t.Errorf("two files with one id: %v", err)
	}
	large := fstest.MapFS{"large.json": {Data: []byte(strings.Repeat(" ", forms.MaxTemplateBytes) + mine)}}
	if _, err := forms.LoadTemplates(large); err == nil || !strings.Contains(err.Error(), "at most 262144 are read") {
		t.Errorf("a file beyond the limit: %v", err)
	}
}

func TestNoJSONMakesTheLoaderPanic(t *testing.T) {
	t.Parallel()
	var whole any
	if err := json.Unmarshal([]byte(central(t)), &whole); err != nil {
		t.Fatal(err)
	}
	for name := range whole.(map[string]any) {
		for _, value := range []any{nil, "", 0, -1, []any{}, map[string]any{}, []any{nil}, []any{map[string]any{}}, true} {
			changed := map[string]any{}
			for k, v := range whole.(map[string]any) {
				changed[k] = v
			}
			changed[name] = value
			raw, err := json.Marshal(changed)
			if err != nil {
				t.Fatal(err)
			}
			if template, err := forms.LoadTemplate(raw); err == nil {
				forms.Layout(forms.Form{}, template)
			}
		}
	}
}
