package events_test

import (
	"encoding/json"
	"testing"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"

	"github.com/outturn/outturn/events"
)

// TestStoredEventsAreCloudEvents reads what the log stores with the CloudEvents
// project's own library.
func TestStoredEventsAreCloudEvents(t *testing.T) {
	t.Parallel()
	for _, d := range events.Definitions() {
		stored := readGolden(t, d.Type)
		want, err := events.Decode(stored)
		must(t, err)
		var got cloudevents.Event
		if err := json.Unmarshal(stored, &got); err != nil {
			t.Errorf("%s: %v", d.Type, err)
			continue
		}
		if err := got.Validate(); err != nil {
			t.Errorf("%s is not a valid CloudEvent: %v", d.Type, err)
		}
		if got.ID() != string(want.ID) || got.Source() != want.Source || got.Type() != string(want.Type) || got.Subject() != want.Subject || !got.Time().Equal(want.Time) {
			t.Errorf("%s: the library reads\n%v", d.Type, got)
		}
		for name, value := range map[string]string{
			"actor":    want.Actor,
			"prevhash": want.PrevHash.String(),
		} {
			if got.Extensions()[name] != value {
				t.Errorf("%s: extension %s is %v, want %s", d.Type, name, got.Extensions()[name], value)
			}
		}
		if got.Extensions()["sequence"] == nil || got.Extensions()["recordedtime"] == nil {
			t.Errorf("%s: extensions %v lack what the log adds", d.Type, got.Extensions())
		}
	}
}
