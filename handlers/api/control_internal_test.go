package api

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/control"
	"github.com/outturn/outturn/handlers/commands"
	"github.com/outturn/outturn/handlers/reach"
	"github.com/outturn/outturn/projections"
)

// TestTheControlThatIsToldIsTheOneThatHolds: of any controls of a unit the call
// names the one by which the recorder decides.
func TestTheControlThatIsToldIsTheOneThatHolds(t *testing.T) {
	t.Parallel()
	line := budget.Line{ID: "L1", Year: 2023, Unit: "U1", Project: "P1", Fund: events.GeneralPublic, EconomicClass: "30201"}
	books := budget.NewBooks()
	project := budget.Project{Key: budget.ProjectKey{ID: "P1", Year: 2023}, Unit: "U1", Kind: events.KindProject}
	books.Load(budget.Changes{Projects: map[budget.ProjectKey]budget.Project{project.Key: project}})
	rapid.Check(t, func(t *rapid.T) {
		state := &control.State{}
		for i := range rapid.IntRange(0, 6).Draw(t, "controls") {
			set := events.ControlSet{
				Control:       rapid.SampledFrom([]events.ControlID{"A", "B", "C", "D"}).Draw(t, "control"),
				Project:       rapid.SampledFrom([]events.ProjectID{"", "P1", "P2"}).Draw(t, "project"),
				ProjectKind:   rapid.SampledFrom([]events.ProjectKind{"", events.KindProject, events.KindBasic}).Draw(t, "kind"),
				Fund:          rapid.SampledFrom([]events.Fund{"", events.GeneralPublic, events.UnitFunds}).Draw(t, "fund"),
				EconomicClass: rapid.SampledFrom([]events.EconomicClass{"", "302", "30201", "303"}).Draw(t, "class"),
				Availability:  rapid.SampledFrom(events.Availabilities()).Draw(t, "availability"),
			}
			event := events.Event{Type: set.Type(), Subject: "U1", Data: set}
			event.Sequence = uint64(i + 1)
			state.Evolve(books, event, nil)
		}
		view := &commands.View{Controls: state.Rules()}
		told := holding(reach.Reach{View: view}, projections.LineView{Line: line, ProjectKind: events.KindProject})
		if holds := state.Rule(books, line); told != holds {
			t.Fatalf("%+v is told; %+v holds", told, holds)
		}
	})
}
