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
	for _, file := range goldenFiles(t) {
		stored := readGolden(t, file)
		want, err := events.Decode(stored)
		must(t, err)
		var got cloudevents.Event
		if err := json.Unmarshal(stored, &got); err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if err := got.Validate(); err != nil {
			t.Errorf("%s is not a valid CloudEvent: %v", file, err)
		}
		if got.ID() != string(want.ID) || got.Source() != want.Source || got.Type() != string(want.Type) || got.Subject() != want.Subject || !got.Time().Equal(want.Time) {
			t.Errorf("%s: the library reads\n%v", file, got)
		}
		for name, value := range map[string]string{
			"actor":    want.Actor,
			"prevhash": want.PrevHash.String(),
		} {
			if got.Extensions()[name] != value {
				t.Errorf("%s: extension %s is %v, want %s", file, name, got.Extensions()[name], value)
			}
		}
		if got.Extensions()["sequence"] == nil || got.Extensions()["recordedtime"] == nil {
			t.Errorf("%s: extensions %v lack what the log adds", file, got.Extensions())
		}
	}
}
