package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// contact is how other commands on the machine reach a running "outturn dev":
// a file in its data folder that only its owner may read.
type contact struct {
	Address     string `json:"address"`
	Token       string `json:"token"`
	NATSURL     string `json:"nats_url"`
	DatabaseURL string `json:"database_url"`
}

func contactFile(data string) string { return filepath.Join(data, "contact.json") }

func (c contact) write(data string) error {
	encoded, err := json.Marshal(c)
	if err != nil {
		return err
	}
	file := contactFile(data)
	if err := os.WriteFile(file+".new", encoded, 0o600); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}

// readContact finds the contact of the "outturn dev" that runs, or last ran, on
// a data folder.
func readContact(data string) (contact, error) {
	raw, err := os.ReadFile(contactFile(data))
	if errors.Is(err, os.ErrNotExist) {
		return contact{}, fmt.Errorf("nothing runs on the folder %s: start it with \"make run\", or name a server with --server and --token", data)
	}
	if err != nil {
		return contact{}, err
	}
	var c contact
	return c, json.Unmarshal(raw, &c)
}
