package exports

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"time"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/handlers/language"
	"github.com/outturn/outturn/projections"
)

// Dataset is execution by budget line, to be published.
type Dataset struct {
	// Name is a lower-case address of the set: a–z, 0–9, ".", "_" and "-".
	Name        string
	Title       string
	Description string
	Year        fiscal.Year
	// Created is when the figures were read, and Sequence the log position that
	// they stand at; together they are the version of the set.
	Created  time.Time
	Sequence uint64
	Licenses []License
	Sources  []Source
	Lines    []ExecutionLine
	// Ministry adds the lines under the Ministry of Finance's field names; nil
	// leaves them out.
	Ministry *Ministry
}

// License is what others may do with the set: the id of the Open Definition,
// such as "CC-BY-4.0", and its address.
type License struct {
	Name  string `json:"name,omitempty"`
	Path  string `json:"path,omitempty"`
	Title string `json:"title,omitempty"`
}

// Source is where the figures come from.
type Source struct {
	Title string `json:"title"`
	Path  string `json:"path,omitempty"`
}

// ExecutionLine is a budget line with its figures, and the department at the top
// of its unit's tree; the two may be the same.
type ExecutionLine struct {
	projections.LineView
	Department     events.UnitID
	DepartmentName events.Text
}

// MaxLines is the most lines that one set holds.
const MaxLines = 200_000

// Errors of data sets.
var (
	ErrDatasetName = errors.New("the name of a data set is made of a–z, 0–9, '.', '_' and '-', such as \"yueyang-2023\"")
	ErrNoLicense   = errors.New("a data set for others to use names its licence, such as CC-BY-4.0")
	ErrNoLines     = errors.New("there is no budget line to publish for the year")
)

var datasetName = regexp.MustCompile(`^[-a-z0-9._]+$`)

// DataPackage writes a zip that is a Fiscal Data Package 1.0-rc.1
// (https://specs.frictionlessdata.io/fiscal-data-package): datapackage.json and
// data/execution.csv, a row a line, amounts in yuan with two decimals. The three
// amounts are one measure in three phases (approved, adjusted, executed), which
// the descriptor says how to unpivot. With a Ministry there is data/ministry.csv
// too. Errors: [ErrDatasetName], [ErrNoLicense], [ErrNoLines], those of
// [MinistryCSV], or what w returns.
func DataPackage(w io.Writer, d Dataset, p language.Printer) error {
	if err := d.check(); err != nil {
		return err
	}
	var execution bytes.Buffer
	if err := writeRecords(&execution, executionRecords(d, p)); err != nil {
		return err
	}
	files := []file{{executionPath, execution.Bytes()}}
	resources := []resource{newResource("execution", files[0], executionSchema(d.Year))}
	if d.Ministry != nil {
		var ministry bytes.Buffer
		if err := MinistryCSV(&ministry, d.Lines, *d.Ministry, UTF8); err != nil {
			return err
		}
		files = append(files, file{ministryPath, ministry.Bytes()})
		resources = append(resources, newResource("ministry", files[1], ministrySchema()))
	}
	descriptor, err := json.MarshalIndent(newDescriptor(d, resources), "", "  ")
	if err != nil {
		return err
	}
	return archive(w, append([]file{{"datapackage.json", append(descriptor, '\n')}}, files...))
}

// ExecutionCSV writes the lines alone, in the columns of data/execution.csv.
// Error: [ErrNoLines], or what w returns.
func ExecutionCSV(w io.Writer, lines []ExecutionLine, encoding Encoding, p language.Printer) error {
	if len(lines) == 0 {
		return ErrNoLines
	}
	return writeCSV(w, executionRecords(Dataset{Lines: lines}, p), encoding)
}

func (d Dataset) check() error {
	switch {
	case !datasetName.MatchString(d.Name):
		return fmt.Errorf("%q: %w", d.Name, ErrDatasetName)
	case len(d.Licenses) == 0:
		return ErrNoLicense
	case len(d.Lines) == 0:
		return ErrNoLines
	case len(d.Lines) > MaxLines:
		return fmt.Errorf("%d lines are more than the %d of one data set: publish department by department", len(d.Lines), MaxLines)
	}
	return nil
}

// Paths in the zip.
const (
	executionPath = "data/execution.csv"
	ministryPath  = "data/ministry.csv"
)

// dataField is a column: what describes it, and its value for a line.
type dataField struct {
	field
	of func(ExecutionLine, language.Printer) string
}

// executionFields are the columns of execution.csv with the column types of the
// budget taxonomy (https://specs.frictionlessdata.io/taxonomies/fiscal/budgets.json).
func executionFields() []dataField {
	type line = ExecutionLine
	code := func(name, columnType string, of func(line) string) dataField {
		return dataField{field{Name: name, Type: "string", ColumnType: columnType}, func(l line, _ language.Printer) string { return of(l) }}
	}
	named := func(name, columnType string, of func(line, language.Printer) string) dataField {
		return dataField{field{Name: name, Type: "string", ColumnType: columnType}, func(l line, p language.Printer) string { return inert(of(l, p)) }}
	}
	text := func(name, columnType string, of func(line) events.Text) dataField {
		return named(name, columnType, func(l line, _ language.Printer) string { return string(of(l)) })
	}
	amount := func(name, phase string, of func(line) string) dataField {
		return dataField{field{Name: name, Type: "number", Normalize: map[string]string{"phase": phase}}, func(l line, _ language.Printer) string { return of(l) }}
	}
	return []dataField{
		code("line", "budget-line-id", func(l line) string { return string(l.Line.ID) }),
		text("line_name", "", func(l line) events.Text { return l.Line.Name }),
		code("department", "administrative-classification:generic:level1:code", func(l line) string { return string(l.Department) }),
		text("department_name", "administrative-classification:generic:level1:label", func(l line) events.Text { return l.DepartmentName }),
		code("unit", "administrative-classification:generic:level2:code", func(l line) string { return string(l.Line.Unit) }),
		text("unit_name", "administrative-classification:generic:level2:label", func(l line) events.Text { return l.UnitName }),
		code("project", "activity:generic:project:code", func(l line) string { return string(l.Line.Project) }),
		text("project_name", "activity:generic:project:label", func(l line) events.Text { return l.ProjectName }),
		code("kind", "expenditure-type:code", func(l line) string { return string(l.ProjectKind) }),
		named("kind_name", "expenditure-type:label", func(l line, p language.Printer) string { return p.Kind(l.ProjectKind) }),
		code("fund", "fin-source:generic:level1:code", func(l line) string { return string(l.Line.Fund) }),
		named("fund_name", "fin-source:generic:level1:label", func(l line, p language.Printer) string { return p.Fund(l.Line.Fund) }),
		code("vintage", "fin-source:generic:level2:code", func(l line) string { return strconv.Itoa(int(l.Line.Vintage)) }),
		code("function_class", "functional-classification:generic:level1:code", func(l line) string { return level(string(l.Line.FunctionClass), 3) }),
		code("function_group", "functional-classification:generic:level2:code", func(l line) string { return level(string(l.Line.FunctionClass), 5) }),
		code("function_item", "functional-classification:generic:level3:code", func(l line) string { return level(string(l.Line.FunctionClass), 7) }),
		code("economic_class", "economic-classification:generic:level1:code", func(l line) string { return level(string(l.Line.EconomicClass), 3) }),
		code("economic_item", "economic-classification:generic:level2:code", func(l line) string { return level(string(l.Line.EconomicClass), 5) }),
		amount("initial", "approved", func(l line) string { return l.Figures.Initial.String() }),
		amount("full_year", "adjusted", func(l line) string { return l.Figures.FullYear.String() }),
		amount("executed", "executed", func(l line) string { return l.Figures.Executed.String() }),
	}
}

// level is the part of a class down to a level, which has that many digits;
// empty where the class does not reach it.
func level(class string, digits int) string {
	if len(class) < digits {
		return ""
	}
	return class[:digits]
}

func executionRecords(d Dataset, p language.Printer) [][]string {
	fields := executionFields()
	head := make([]string, len(fields))
	for i, f := range fields {
		head[i] = f.Name
	}
	records := [][]string{head}
	for _, line := range d.Lines {
		record := make([]string, len(fields))
		for i, f := range fields {
			record[i] = f.of(line, p)
		}
		records = append(records, record)
	}
	return records
}

// executionSchema describes the columns, and what stands in no column.
func executionSchema(year fiscal.Year) schema {
	s := schema{PrimaryKey: []string{"line"}, MissingValues: []string{""}}
	for _, f := range executionFields() {
		s.Fields = append(s.Fields, f.field)
	}
	s.ExtraFields = []field{
		{Name: "amount", Type: "number", ColumnType: "value", NormalizationTarget: true},
		{Name: "phase", Type: "string", ColumnType: "phase:id"},
		{Name: "currency", Type: "string", ColumnType: "value-currency:code", Constant: "CNY"},
		{Name: "direction", Type: "string", ColumnType: "direction", Constant: "expenditure"},
		{Name: "fiscal_year", Type: "integer", ColumnType: "date:fiscal-year", Constant: int(year)},
	}
	return s
}

// descriptor is datapackage.json.
type descriptor struct {
	Profile     string     `json:"profile"`
	Name        string     `json:"name"`
	Title       string     `json:"title,omitempty"`
	Description string     `json:"description,omitempty"`
	Version     string     `json:"version"`
	Created     string     `json:"created"`
	Licenses    []License  `json:"licenses"`
	Sources     []Source   `json:"sources,omitempty"`
	ColumnTypes []string   `json:"columnTypes"`
	Resources   []resource `json:"resources"`
}

type resource struct {
	Profile   string  `json:"profile"`
	Name      string  `json:"name"`
	Path      string  `json:"path"`
	Format    string  `json:"format"`
	MediaType string  `json:"mediatype"`
	Encoding  string  `json:"encoding"`
	Bytes     int     `json:"bytes"`
	Hash      string  `json:"hash"`
	Dialect   dialect `json:"dialect"`
	Schema    schema  `json:"schema"`
}

type dialect struct {
	Delimiter      string `json:"delimiter"`
	LineTerminator string `json:"lineTerminator"`
	DoubleQuote    bool   `json:"doubleQuote"`
	Header         bool   `json:"header"`
}

type schema struct {
	Fields        []field  `json:"fields"`
	ExtraFields   []field  `json:"extraFields,omitempty"`
	PrimaryKey    []string `json:"primaryKey,omitempty"`
	MissingValues []string `json:"missingValues"`
}

type field struct {
	Name                string            `json:"name"`
	Title               string            `json:"title,omitempty"`
	Type                string            `json:"type"`
	ColumnType          string            `json:"columnType,omitempty"`
	Normalize           map[string]string `json:"normalize,omitempty"`
	NormalizationTarget bool              `json:"normalizationTarget,omitempty"`
	Constant            any               `json:"constant,omitempty"`
}

// newDescriptor describes the set. Its profile is that of tabular packages: a
// Fiscal Data Package is one, and what makes it fiscal are columnTypes,
// extraFields and normalize. Readers take the profile "fiscal-data-package" for
// the older 0.3, whose model the descriptor does not have, and refuse it.
func newDescriptor(d Dataset, resources []resource) descriptor {
	return descriptor{
		Profile: "tabular-data-package", Name: d.Name, Title: d.Title, Description: d.Description,
		Version: strconv.FormatUint(d.Sequence, 10), Created: d.Created.UTC().Format(timestamp),
		Licenses: d.Licenses, Sources: d.Sources,
		ColumnTypes: []string{"https://specs.frictionlessdata.io/taxonomies/fiscal/budgets.json"},
		Resources:   resources,
	}
}

func newResource(name string, f file, s schema) resource {
	digest := sha256.Sum256(f.data)
	return resource{
		Profile: "tabular-data-resource", Name: name, Path: f.path, Format: "csv", MediaType: "text/csv", Encoding: "utf-8",
		Bytes: len(f.data), Hash: "sha256:" + hex.EncodeToString(digest[:]),
		Dialect: dialect{Delimiter: ",", LineTerminator: "\r\n", DoubleQuote: true, Header: true}, Schema: s,
	}
}
