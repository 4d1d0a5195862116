package events

import (
	"strconv"

	"github.com/outturn/outturn/events/fiscal"
)

// LineOpened (预算指标建立) says that a budget line exists: the thing that money
// is controlled on. Its keys are unit, project, fund, vintage, function
// class and economic class.
type LineOpened struct {
	Year          fiscal.Year   `json:"year"`
	Unit          UnitID        `json:"unit"`
	Project       ProjectID     `json:"project"`
	Name          Text          `json:"name,omitempty"`
	Fund          Fund          `json:"fund"`
	Vintage       fiscal.Year   `json:"vintage"`
	FunctionClass FunctionClass `json:"function_class"`
	EconomicClass EconomicClass `json:"economic_class"`
	Memo          Note          `json:"memo,omitempty"`
}

// Type is the type's name for ever.
func (LineOpened) Type() Type { return "outturn.line.opened.v1" }

// About says what the subject names.
func (LineOpened) About() Subject { return OfLine }

func (e LineOpened) check() error {
	if e.Vintage > e.Year {
		return Refuse(CodeInvalidEvent, ReasonVintageAfterYear, "/data/vintage",
			"vintage", strconv.Itoa(int(e.Vintage)), "year", strconv.Itoa(int(e.Year)))
	}
	return nil
}
