package main

import (
	"encoding/json"
	"fmt"

	"github.com/outturn/outturn/handlers/auth"
)

type tokenCommand struct {
	Create tokenCreateCommand `cmd:"" help:"Make a random token and print it. Example: outturn token create > token && OUTTURN_TOKEN_FILE=token outturn serve"`
}

type tokenCreateCommand struct {
	JSON bool `name:"json" help:"Print JSON."`
}

// Run prints a new token. A server lets it in once it is told of it.
func (t tokenCreateCommand) Run(c console) error {
	token := auth.NewToken()
	if t.JSON {
		return json.NewEncoder(c.out).Encode(map[string]string{"token": token})
	}
	_, err := fmt.Fprintln(c.out, token)
	return err
}
