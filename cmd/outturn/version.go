package main

import (
	"encoding/json"
	"fmt"
	"runtime"
)

// version is set by the release build: -ldflags "-X main.version=v1.2.3".
var version = "development"

type versionCommand struct {
	JSON bool `name:"json" help:"Print JSON."`
}

func (v versionCommand) Run(c console) error {
	if v.JSON {
		return json.NewEncoder(c.out).Encode(map[string]string{"version": version, "go": runtime.Version()})
	}
	_, err := fmt.Fprintf(c.out, "outturn %s (%s)\n", version, runtime.Version())
	return err
}
