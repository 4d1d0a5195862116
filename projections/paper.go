package projections

import (
	"reflect"

	"github.com/outturn/outturn/events"
)

// saying are the members in which types say something in words: what for, why,
// or what was found. A member means the same in every type, and no type has two.
var saying = []string{"Purpose", "Reason", "Detail", "Goal", "Actual", "Note"}

// paper is the number on the event's document and what the event says in
// words: its purpose, reason or the like. Either may be empty.
func paper(data events.Data) (document events.Text, says events.Note) {
	members := reflect.ValueOf(data)
	document, _ = memberOf[events.Text](members, "Document")
	for _, name := range saying {
		if note, ok := memberOf[events.Note](members, name); ok {
			return document, note
		}
	}
	return document, ""
}

// memberOf finds a member of a type; a member of that name may be of another.
func memberOf[T any](data reflect.Value, name string) (T, bool) {
	member := data.FieldByName(name)
	if !member.IsValid() {
		var none T
		return none, false
	}
	value, ok := member.Interface().(T)
	return value, ok
}
