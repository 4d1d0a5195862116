// Package city makes up a city: units, projects, lines and two years of money
// on them, the same for the same seed. Nothing in it is real. It is for trying
// out and measuring what one department's report is too small for.
//
//	for posted := range city.Large(1).All() {
//		line := posted.JSON() // one CloudEvent
//	}
//
// Every event can be accepted in the order given: money is allocated before it
// is paid, and a line is never overspent. Lines differ in how they are executed:
// evenly, early, late in the year, in a few lumps, hardly at all, or until
// somebody stopped. What is unspent at the end of the first year is carried over
// or returned. Some events are posted days after the day that they count for.
package city

import (
	"encoding/json"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/fiscal"
)

// Size says how large a city is. Projects and lines are counted over both years.
type Size struct {
	Seed uint64
	// Units is the number of budget units, departments included.
	Units    int
	Projects int
	Lines    int
	// Events is about how many events there are in all.
	Events int
}

// Years are the fiscal years that money moves in.
func Years() [2]fiscal.Year { return [2]fiscal.Year{2022, 2023} }

// Large is a city of 300 units, 6,000 projects, 20,000 lines and about a million
// events.
func Large(seed uint64) Size {
	return Size{Seed: seed, Units: 300, Projects: 6000, Lines: 20_000, Events: 1_000_000}
}

// Small is one to look at: 12 units and about 4,000 events.
func Small(seed uint64) Size {
	return Size{Seed: seed, Units: 12, Projects: 60, Lines: 160, Events: 4000}
}

// Posted is an event and the day on which it was posted, which is never before
// the day that it counts for.
type Posted struct {
	Day     fiscal.Date
	ID      string
	Subject string
	Data    events.Data
}

// Source is the source of all events of a made-up city.
const Source = "/examples/city"

// zone is China Standard Time, in which days are posted.
var zone = time.FixedZone("CST", 8*60*60)

// Time is when it was said: nine in the morning of its day.
func (p Posted) Time() time.Time { return p.Day.Time().In(time.UTC).Add(time.Hour) }

// JSON writes the event as a client submits it.
func (p Posted) JSON() []byte {
	raw, err := json.Marshal(map[string]any{
		"specversion": "1.0", "id": p.ID, "source": Source, "type": p.Data.Type(), "subject": p.Subject,
		"time": p.Time().In(zone).Format(time.RFC3339), "data": p.Data,
	})
	if err != nil {
		panic(fmt.Sprintf("city: %s: %v", p.ID, err)) // data that the registry knows can be written
	}
	return raw
}

// All yields all events in an order in which they can be accepted: by the day
// that they are posted on.
func (s Size) All() iter.Seq[Posted] {
	b := &builder{size: s, rand: rand.New(rand.NewPCG(s.Seed, 0))}
	b.registers()
	b.money()
	slices.SortStableFunc(b.posted, func(x, y Posted) int { return x.Day.Compare(y.Day) })
	return slices.Values(b.posted)
}
