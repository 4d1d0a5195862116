package main

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/outturn/outturn/handlers/audit"
	"github.com/outturn/outturn/handlers/formimport"
	"github.com/outturn/outturn/handlers/language"
)

type declareCommand struct {
	File string `arg:"" type:"existingfile" help:"Forms as they were published: .docx, .xlsx, or the text of a Word table."`
	Lang string `env:"OUTTURN_LANG" default:"zh-CN" enum:"zh-CN,en" help:"Language of messages: zh-CN or en."`
}

// Run prints the forms of a file as declared-form JSON, without a server. What
// could not be read goes to standard error.
func (d declareCommand) Run(c console) error {
	content, err := readAtMost(d.File, formimport.MaxFileBytes)
	if err != nil {
		return misuse{err}
	}
	p := language.In(language.Tag(d.Lang))
	declared, read, err := formimport.Read(d.File, bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return misuse{fmt.Errorf("%s: %s", d.File, p.Failure(err))}
	}
	for _, u := range read.Unread {
		why := p.Text("unread." + string(u.Why))
		fmt.Fprintf(c.err, "%s: %s: %q: %s\n", p.Text("audit.unread"), u.Place, u.Text, why)
	}
	encoder := json.NewEncoder(c.out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(struct {
		Forms []audit.Form `json:"forms"`
	}{declared.Forms})
}
