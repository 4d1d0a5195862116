package web

import (
	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/access"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/handlers/auth"
	"github.com/outturn/outturn/handlers/reach"
)

// reach is what whoever asks may read and do. Pages that only read show
// everything to everybody who can reach them.
func (s *server) reach(v *visit) reach.Reach {
	today := fiscal.Today(s.Now())
	if s.Recorder == nil {
		return reach.Of(nil, access.Principal{Root: true}, today)
	}
	return reach.Of(s.Recorder.View(), auth.Principal(v.Context()), today)
}

// mayRead refuses what lies in a unit out of reach.
func (s *server) mayRead(v *visit, unit events.UnitID, kind, code string) error {
	if s.reach(v).Reads(unit) {
		return nil
	}
	return reach.Outside(kind, code)
}

// posts says whether whoever asks may record what happens to a unit's money.
func (s *server) posts(v *visit, unit events.UnitID) bool {
	return s.Recorder != nil && s.reach(v).Has(unit, events.Poster)
}

// deskTasks lead to what can be posted on a line.
func (s *server) deskTasks(v *visit, line events.LineID, unit events.UnitID) []Link {
	if !s.posts(v, unit) {
		return nil
	}
	var links []Link
	for _, task := range []string{"pay", "transfer", "commit", "budget"} {
		links = append(links, Link{Label: v.Text("task." + task), Href: address{}.with("line", string(line)).at("/desk/" + task)})
	}
	return links
}
