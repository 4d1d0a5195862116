package exports_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/handlers/exports"
	"github.com/outturn/outturn/handlers/language"
	"github.com/outturn/outturn/projections"
)

// dataset is two lines of the 2023 report.
func dataset() exports.Dataset {
	line := func(id, project, name string, fund events.Fund, function events.FunctionClass, economic events.EconomicClass, initial, fullYear, executed money.Amount) exports.ExecutionLine {
		return exports.ExecutionLine{
			LineView: projections.LineView{
				Line: budget.Line{
					ID: events.LineID(id), Year: 2023, Unit: "YYGX", Project: events.ProjectID(project), Name: events.Text(name),
					Fund: fund, Vintage: 2023, FunctionClass: function, EconomicClass: economic,
				},
				UnitName: "岳阳市工业和信息化局", ProjectName: events.Text(name), ProjectKind: events.KindProject,
				Figures: budget.Figures{Initial: initial, FullYear: fullYear, Executed: executed},
			},
			Department: "YYGX", DepartmentName: "岳阳市工业和信息化局",
		}
	}
	return exports.Dataset{
		Name: "yueyang-2023", Title: "岳阳市工业和信息化局2023年度预算执行", Year: 2023, Sequence: 1204,
		Created:  time.Date(2024, 6, 15, 8, 0, 0, 0, time.UTC),
		Licenses: []exports.License{{Name: "CC-BY-4.0", Path: "https://creativecommons.org/licenses/by/4.0/"}},
		Sources:  []exports.Source{{Title: "岳阳市工业和信息化局2023年度部门整体支出绩效自评报告"}},
		Lines: []exports.ExecutionLine{
			line("yueyang-2023-04-a", "yueyang-2023-04", "岳阳市九大重点产业链高质量发展赋能培训班", events.GeneralPublic, "2150805", "30216", 0, 80_000_000, 41_140_000),
			line("yueyang-2023-02-a", "yueyang-2023-02", "=非税征收成本及收入", events.UnitFunds, "21505", "302", 3_000_050, 3_000_050, -1),
		},
	}
}

func packaged(t *testing.T, d exports.Dataset) map[string][]byte {
	t.Helper()
	var out bytes.Buffer
	if err := exports.DataPackage(&out, d, language.In(language.Chinese)); err != nil {
		t.Fatal(err)
	}
	return unzip(t, out.Bytes())
}

// descriptor is what these tests read of datapackage.json.
type descriptor struct {
	Name, Version, Created string
	Licenses               []exports.License
	ColumnTypes            []string
	Resources              []struct {
		Name, Path, Hash string
		Bytes            int
		Schema           struct {
			Fields, ExtraFields []struct {
				Name, Type, ColumnType string
				Normalize              map[string]string
				NormalizationTarget    bool
				Constant               any
			}
			PrimaryKey []string
		}
	}
}

func describe(t *testing.T, files map[string][]byte) descriptor {
	t.Helper()
	var d descriptor
	if err := json.Unmarshal(files["datapackage.json"], &d); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestADataPackageSaysInYuanWhatBecameOfEachLine(t *testing.T) {
	t.Parallel()
	records, err := csv.NewReader(bytes.NewReader(packaged(t, dataset())["data/execution.csv"])).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	row := map[string]string{}
	for i, name := range records[0] {
		row[name] = records[1][i]
	}
	want := map[string]string{
		"line": "yueyang-2023-04-a", "line_name": "岳阳市九大重点产业链高质量发展赋能培训班",
		"department": "YYGX", "department_name": "岳阳市工业和信息化局", "unit": "YYGX", "unit_name": "岳阳市工业和信息化局",
		"project": "yueyang-2023-04", "project_name": "岳阳市九大重点产业链高质量发展赋能培训班", "kind": "project", "kind_name": "项目支出",
		"fund": "general_public", "fund_name": "一般公共预算", "vintage": "2023",
		"function_class": "215", "function_group": "21508", "function_item": "2150805", "economic_class": "302", "economic_item": "30216",
		"initial": "0.00", "full_year": "800000.00", "executed": "411400.00",
	}
	if diff := cmp.Diff(want, row); diff != "" {
		t.Error(diff)
	}
	second := strings.Join(records[2], "|")
	if !strings.Contains(second, "|'=非税征收成本及收入|") || !strings.HasSuffix(second, "|215|21505||302||30000.50|30000.50|-0.01") {
		t.Error(second)
	}
}

// TestTheDescriptorTurnsMeasuresIntoPhases follows Fiscal Data Package
// 1.0-rc.1: each measure says which phase it is, extraFields say where amount
// and phase go, and constants complete the row.
func TestTheDescriptorTurnsMeasuresIntoPhases(t *testing.T) {
	t.Parallel()
	files := packaged(t, dataset())
	d := describe(t, files)
	if d.Name != "yueyang-2023" || d.Version != "1204" || d.Created != "2024-06-15T08:00:00Z" || d.Licenses[0].Name != "CC-BY-4.0" ||
		!slices.Equal(d.ColumnTypes, []string{"https://specs.frictionlessdata.io/taxonomies/fiscal/budgets.json"}) {
		t.Errorf("%+v", d)
	}
	resource := d.Resources[0]
	data := files[resource.Path]
	if resource.Bytes != len(data) || resource.Hash != fmt.Sprintf("sha256:%x", sha256.Sum256(data)) {
		t.Errorf("%s has %d bytes, the descriptor says %d, %s", resource.Path, len(data), resource.Bytes, resource.Hash)
	}
	head, _, _ := strings.Cut(string(data), "\r\n")
	var names []string
	phases := map[string]string{}
	for _, f := range resource.Schema.Fields {
		names = append(names, f.Name)
		if phase := f.Normalize["phase"]; phase != "" {
			phases[f.Name] = phase + " " + f.Type
		}
	}
	if strings.Join(names, ",") != head {
		t.Errorf("fields %v, columns %s", names, head)
	}
	if diff := cmp.Diff(map[string]string{"initial": "approved number", "full_year": "adjusted number", "executed": "executed number"}, phases); diff != "" {
		t.Error(diff)
	}
	extra := map[string]any{}
	for _, f := range resource.Schema.ExtraFields {
		extra[f.ColumnType] = f.Constant
		if f.NormalizationTarget {
			extra[f.ColumnType] = "target"
		}
	}
	want := map[string]any{"value": "target", "phase:id": nil, "value-currency:code": "CNY", "direction": "expenditure", "date:fiscal-year": 2023.0}
	if diff := cmp.Diff(want, extra); diff != "" {
		t.Error(diff)
	}
}

func TestTheMinistrysNamesAreThereOnRequest(t *testing.T) {
	t.Parallel()
	d := dataset()
	if files := packaged(t, d); files["data/ministry.csv"] != nil || len(describe(t, files).Resources) != 1 {
		t.Error("nobody asked for the Ministry's names")
	}
	d.Ministry = &exports.Ministry{
		Division: "430600000",
		Agencies: map[events.UnitID]string{"YYGX": "208001"},
		Projects: map[events.ProjectID]string{"yueyang-2023-04": "43060023T000010263357"},
		Funds:    map[events.Fund]string{events.GeneralPublic: "11", events.UnitFunds: "3"},
	}
	files := packaged(t, d)
	records, err := csv.NewReader(bytes.NewReader(files["data/ministry.csv"])).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"MOF_DIV_CODE", "FISCAL_YEAR", "AGENCY_CODE", "PRO_CODE", "BGT_ID", "BGT_DEC", "FUND_TYPE_CODE", "EXP_FUNC_CODE", "DEP_BGT_ECO_CODE", "AMOUNT", "IS_DELETED", "initial", "executed"},
		{"430600000", "2023", "208001", "43060023T000010263357", "yueyang-2023-04-a", "岳阳市九大重点产业链高质量发展赋能培训班", "11", "2150805", "30216", "800000.00", "2", "0.00", "411400.00"},
		{"430600000", "2023", "208001", "yueyang-2023-02", "yueyang-2023-02-a", "'=非税征收成本及收入", "3", "21505", "302", "30000.50", "2", "30000.50", "-0.01"},
	}
	if diff := cmp.Diff(want, records); diff != "" {
		t.Error(diff)
	}
	if resources := describe(t, files).Resources; len(resources) != 2 || resources[1].Path != "data/ministry.csv" || !slices.Equal(resources[1].Schema.PrimaryKey, []string{"BGT_ID"}) {
		t.Errorf("%+v", resources)
	}
}

func TestWhatTheMinistrysFieldsCannotHoldIsRefused(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("9", 22)
	for field, profile := range map[string]exports.Ministry{
		"MOF_DIV_CODE":   {Division: "4306"},
		"AGENCY_CODE":    {Division: "430600000", Agencies: map[events.UnitID]string{"YYGX": long}},
		"PRO_CODE":       {Division: "430600000", Projects: map[events.ProjectID]string{"yueyang-2023-04": long}},
		"FUND_TYPE_CODE": {Division: "430600000", Funds: map[events.Fund]string{events.UnitFunds: "3"}},
	} {
		d := dataset()
		d.Ministry = &profile
		var refused *exports.MinistryError
		if err := exports.DataPackage(&bytes.Buffer{}, d, language.In(language.Chinese)); !errors.As(err, &refused) || refused.Field != field || refused.Line != "yueyang-2023-04-a" {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestADataSetSaysWhatItIs(t *testing.T) {
	t.Parallel()
	for want, spoil := range map[error]func(*exports.Dataset){
		exports.ErrDatasetName: func(d *exports.Dataset) { d.Name = "岳阳 2023" },
		exports.ErrNoLicense:   func(d *exports.Dataset) { d.Licenses = nil },
		exports.ErrNoLines:     func(d *exports.Dataset) { d.Lines = nil },
	} {
		d := dataset()
		spoil(&d)
		if err := exports.DataPackage(&bytes.Buffer{}, d, language.In(language.English)); !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
}

// TestEveryColumnIsDocumented holds docs/exports.md to what is written.
func TestEveryColumnIsDocumented(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/exports.md")
	if err != nil {
		t.Fatal(err)
	}
	d := dataset()
	d.Ministry = &exports.Ministry{Division: "430600000", Funds: map[events.Fund]string{events.GeneralPublic: "11", events.UnitFunds: "3"}}
	for _, resource := range describe(t, packaged(t, d)).Resources {
		for _, f := range append(resource.Schema.Fields, resource.Schema.ExtraFields...) {
			row := "| `" + f.Name + "` |"
			if f.ColumnType != "" {
				row += " `" + f.ColumnType + "` |"
			}
			if !strings.Contains(string(page), row) {
				t.Errorf("docs/exports.md has no row %q", row)
			}
		}
	}
}
