package exports

import (
	"cmp"
	"fmt"
	"io"
	"strconv"

	"github.com/outturn/outturn/events"
)

// Ministry is what the profile of the Ministry of Finance needs beside the
// lines: the codes that the place's integrated budget system (预算管理一体化) knows
// things by. A unit or project without an entry goes by its own code.
type Ministry struct {
	Division string                      `json:"division"` // MOF_DIV_CODE 财政区划, 9 digits
	Agencies map[events.UnitID]string    `json:"agencies"`
	Projects map[events.ProjectID]string `json:"projects"`
	// Funds are the codes of FUND_TYPE_CODE; every fund that occurs needs one.
	Funds map[events.Fund]string `json:"funds"`
}

// MinistryError says which line cannot be written under the Ministry's names.
type MinistryError struct {
	Line    events.LineID
	Field   string
	Problem string
}

func (e *MinistryError) Error() string {
	return fmt.Sprintf("line %s, %s: %s", e.Line, e.Field, e.Problem)
}

// Widths of the fields in systems in use.
const (
	divisionWidth = 9
	agencyWidth   = 21
	projectWidth  = 21
)

// notDeleted is IS_DELETED of rows that live.
const notDeleted = "2"

// ministryHead are the fields of the 指标 table of 预算管理一体化系统技术标准, as far as
// a budget line has them: AMOUNT is the full-year budget in yuan. The last two
// are Outturn's own, in small letters, for what that table has no field for.
func ministryHead() []field {
	named := func(name, title string) field { return field{Name: name, Title: title, Type: "string"} }
	amount := func(name, title string) field { return field{Name: name, Title: title, Type: "number"} }
	return []field{
		named("MOF_DIV_CODE", "财政区划代码"), named("FISCAL_YEAR", "预算年度"), named("AGENCY_CODE", "单位代码"),
		named("PRO_CODE", "项目代码"), named("BGT_ID", "指标主键"), named("BGT_DEC", "指标说明"),
		named("FUND_TYPE_CODE", "资金性质代码"), named("EXP_FUNC_CODE", "支出功能分类科目代码"),
		named("DEP_BGT_ECO_CODE", "部门支出经济分类科目代码"), amount("AMOUNT", "金额"), named("IS_DELETED", "是否删除"),
		amount("initial", "年初预算数"), amount("executed", "全年执行数"),
	}
}

func ministrySchema() schema {
	return schema{Fields: ministryHead(), PrimaryKey: []string{"BGT_ID"}, MissingValues: []string{""}}
}

// MinistryCSV writes the lines under the Ministry's field names, amounts in yuan
// with two decimals. Errors: *MinistryError, [ErrNoLines], or what w returns.
func MinistryCSV(w io.Writer, lines []ExecutionLine, m Ministry, encoding Encoding) error {
	if len(lines) == 0 {
		return ErrNoLines
	}
	var head []string
	for _, f := range ministryHead() {
		head = append(head, f.Name)
	}
	records := [][]string{head}
	for _, line := range lines {
		record, err := m.record(line)
		if err != nil {
			return err
		}
		records = append(records, record)
	}
	return writeCSV(w, records, encoding)
}

func (m Ministry) record(l ExecutionLine) ([]string, error) {
	agency := cmp.Or(m.Agencies[l.Line.Unit], string(l.Line.Unit))
	project := cmp.Or(m.Projects[l.Line.Project], string(l.Line.Project))
	fund := m.Funds[l.Line.Fund]
	refuse := func(field, problem string) ([]string, error) {
		return nil, &MinistryError{l.Line.ID, field, problem}
	}
	switch {
	case len(m.Division) != divisionWidth:
		return refuse("MOF_DIV_CODE", fmt.Sprintf("%q is not a code of %d digits: set the division of the profile", m.Division, divisionWidth))
	case len(agency) > agencyWidth:
		return refuse("AGENCY_CODE", fmt.Sprintf("%q has more than %d characters: name the unit's own code in the profile", agency, agencyWidth))
	case len(project) > projectWidth:
		return refuse("PRO_CODE", fmt.Sprintf("%q has more than %d characters: name the project's own code in the profile", project, projectWidth))
	case fund == "":
		return refuse("FUND_TYPE_CODE", fmt.Sprintf("the profile has no code for the fund %s", l.Line.Fund))
	}
	return []string{
		m.Division, strconv.Itoa(int(l.Line.Year)), agency, project, string(l.Line.ID), inert(string(l.Line.Name)),
		fund, string(l.Line.FunctionClass), string(l.Line.EconomicClass), l.Figures.FullYear.String(), notDeleted,
		l.Figures.Initial.String(), l.Figures.Executed.String(),
	}, nil
}
