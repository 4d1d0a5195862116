package main

import (
	"encoding/json"
	"errors"
	"fmt"
)

// report is what the generator reads of the declared forms. Cells are strings
// as printed, empty where the cell is blank.
type report struct {
	Forms     []form `json:"forms"`
	Narrative struct {
		Wages       text `json:"econ_301_wages"`
		Goods       text `json:"econ_302_goods_services"`
		Individuals text `json:"econ_303_individuals_families"`
		Capital     text `json:"econ_310_capital"`
		ThreePublic struct {
			Reception string `json:"reception"`
			Vehicles  string `json:"vehicle_running"`
		} `json:"three_public"`
	} `json:"narrative"`
}

// text is a figure that the report states in a sentence.
type text struct {
	Text string `json:"text"`
}

// form is one self-evaluation form.
type form struct {
	ID               string `json:"id"`
	Kind             string `json:"kind"`
	Department       string `json:"department"`
	ImplementingUnit string `json:"implementing_unit"`
	Project          string `json:"project"`
	Funds            []row  `json:"funds"`
	FilledOn         string `json:"filled_on"`

	Indicators []indicator `json:"indicators"`
	Spending   struct {
		Project string `json:"project"`
	} `json:"spending"`
}

// row is a row of a form's money table.
type row struct {
	Row      string `json:"row"`
	Initial  string `json:"initial"`
	FullYear string `json:"full_year"`
	Executed string `json:"executed"`
}

// figures are the three amounts of a row, of a line or of a project.
type figures struct{ initial, fullYear, executed fen }

// departmentForm is the position of the form of the whole department; the
// project forms follow it in the order of their numbers.
const departmentForm = 0

func readReport(declared []byte) (report, error) {
	var r report
	if err := json.Unmarshal(declared, &r); err != nil {
		return report{}, err
	}
	if len(r.Forms) != len(formClasses)+1 || r.Forms[departmentForm].Kind != "department" {
		return report{}, fmt.Errorf("want the department's form and then %d project forms, got %d forms", len(formClasses), len(r.Forms))
	}
	return r, nil
}

// figures reads the row of that name. A form without the row has zeros there.
func (f form) figures(name string) (figures, error) {
	for _, r := range f.Funds {
		if r.Row != name {
			continue
		}
		initial, initialErr := parseWan(r.Initial)
		fullYear, fullYearErr := parseWan(r.FullYear)
		executed, executedErr := parseWan(r.Executed)
		if err := errors.Join(initialErr, fullYearErr, executedErr); err != nil {
			return figures{}, fmt.Errorf("form %s, row %s: %w", f.ID, name, err)
		}
		return figures{initial, fullYear, executed}, nil
	}
	return figures{}, nil
}
