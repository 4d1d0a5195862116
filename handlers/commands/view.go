package commands

import (
	"iter"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/access"
	"github.com/outturn/outturn/events/alert"
	"github.com/outturn/outturn/events/control"
	"github.com/outturn/outturn/events/review"
	"github.com/outturn/outturn/projections/pace"
)

// View is what the recorder knows of rules and people, for others to read. It
// does not change; [Recorder.View] returns the latest one.
type View struct {
	// Sequence is the log position that it stands at.
	Sequence uint64
	// Access is who may do what.
	Access *access.State
	// Reviews are the rules of two people, and Proposals what waits, oldest first.
	Reviews   []review.Rule
	Proposals []review.Proposal
	// Controls are the controls of availability, and Overrides those that have not
	// ended.
	Controls  []control.Rule
	Overrides []control.Override
	// Alerts are the cases, and Paces the rules by which lagging is judged.
	Alerts *alert.State
	Paces  *pace.Rules

	parents map[events.UnitID]events.UnitID
}

// Upwards yields a unit and every unit above it.
func (v *View) Upwards(unit events.UnitID) iter.Seq[events.UnitID] {
	return func(yield func(events.UnitID) bool) {
		for at := unit; at != "" && yield(at); at = v.parents[at] {
		}
	}
}

// View returns what the recorder knows of rules and people. It is as fresh as
// [Recorder.Position]: what this recorder answered for is in it, what others
// recorded a second later.
func (r *Recorder) View() *View { return r.view.Load() }

// publish makes the settled state the one that others read. What did not change
// is shared with the view before.
func (r *Recorder) publish() {
	s, view := r.settled, View{Access: &access.State{}, Alerts: &alert.State{}, Paces: &pace.Rules{}}
	if before := r.view.Load(); before != nil {
		view = *before
	}
	view.Sequence = s.sequence
	if s.changed&ofUnits != 0 {
		view.parents = parents(s.books.Changes().Units)
	}
	if s.changed&ofPeople != 0 {
		view.Access = s.people.Clone()
	}
	if s.changed&ofReviews != 0 {
		view.Reviews, view.Proposals = s.reviews.Rules(), s.reviews.Open()
	}
	if s.changed&ofControls != 0 {
		view.Controls, view.Overrides = s.controls.Rules(), s.controls.Overrides()
	}
	if s.changed&ofAlerts != 0 {
		view.Alerts = s.alerts.Clone()
	}
	if s.changed&ofPaces != 0 {
		view.Paces = s.paces.Clone()
	}
	s.changed = 0
	r.view.Store(&view)
	r.position.Store(s.sequence)
}
