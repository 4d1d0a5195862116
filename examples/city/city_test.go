package city_test

import (
	"bytes"
	"testing"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/examples/city"
)

// TestEveryEventCanBeAccepted decides and records a whole city in its order.
func TestEveryEventCanBeAccepted(t *testing.T) {
	t.Parallel()
	size := city.Small(1)
	books := budget.NewBooks()
	var sequence uint64
	for posted := range size.All() {
		event, err := events.Parse(posted.JSON())
		if err != nil {
			t.Fatalf("%s: %v", posted.JSON(), err)
		}
		if err := budget.Decide(books, event); err != nil {
			t.Fatalf("event %d %s: %v", sequence+1, posted.JSON(), err)
		}
		sequence++
		if date, dated := event.On(); dated && date.Compare(posted.Day) > 0 {
			t.Errorf("%s counts for %s and was posted on %s", event.ID, date, posted.Day)
		}
		recorded, err := event.Record(events.Stamp{Sequence: sequence, RecordedTime: posted.Time(), Actor: "city"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := budget.Evolve(books, recorded); err != nil {
			t.Fatal(err)
		}
	}
	if sequence < uint64(size.Events)*8/10 || sequence > uint64(size.Events)*12/10 {
		t.Errorf("there are %d events, asked for about %d", sequence, size.Events)
	}
}

func TestTheSameSeedMakesTheSameCity(t *testing.T) {
	t.Parallel()
	if !bytes.Equal(whole(city.Small(7)), whole(city.Small(7))) {
		t.Error("two cities of seed 7 differ")
	}
	if bytes.Equal(whole(city.Small(7)), whole(city.Small(8))) {
		t.Error("the cities of seeds 7 and 8 are the same")
	}
}

func whole(s city.Size) []byte {
	var all bytes.Buffer
	for posted := range s.All() {
		all.Write(posted.JSON())
	}
	return all.Bytes()
}
