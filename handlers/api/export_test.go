package api

import (
	"maps"

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

// StatusOf is the status of every problem code.
func StatusOf() map[events.Code]int { return maps.Clone(statusOf) }
