package api

import (
	"maps"
	"slices"

	"github.com/outturn/outturn/events"
)

// Routes lists the calls of the code as "METHOD path", for the test that holds
// the contract to them.
func Routes() []string {
	var all []string
	for _, route := range routes() {
		all = append(all, route.method+" "+route.path)
	}
	return all
}

// Need is what a call needs, as the contract states it under x-needs.
type Need struct {
	Roles    []string // one of them, somewhere
	Narrowed string   // what keeps the answer to what whoever asks may read
}

// Needs is the need of each call, by "METHOD path".
func Needs() map[string]Need {
	all := map[string]Need{}
	for _, route := range routes() {
		need := Need{[]string{}, words[route.rule.narrowed]}
		for _, role := range route.rule.roles {
			need.Roles = append(need.Roles, string(role))
		}
		all[route.method+" "+route.path] = need
	}
	return all
}

var words = map[narrowing]string{
	byUnits: "by the units that he reads", bySubject: "by what the call names", byRecorder: "by the role that each event needs",
	byOwner: "to himself", byPeople: "to a role everywhere", byNobody: "not at all",
}

// SaidOnly lists the codes that are only said of warnings and rows.
func SaidOnly() []events.Code { return slices.Clone(saidOnly) }

// StatusOf is the status of every problem code.
func StatusOf() map[events.Code]int { return maps.Clone(statusOf) }
