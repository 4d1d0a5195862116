package formimport

import (
	"bytes"

	"github.com/outturn/outturn/handlers/audit"
)

// Any reads a document of forms in any of the ways that it may come: declared
// forms as JSON, which are taken as they are, or a file that [Read] recognises.
// Errors: those of [audit.Parse] and of [Read].
func Any(name string, content []byte) (audit.Declared, Report, error) {
	if start := bytes.TrimLeft(content, " \t\r\n\ufeff"); bytes.HasPrefix(start, []byte("{")) {
		declared, err := audit.Parse(start)
		return declared, Report{Forms: len(declared.Forms)}, err
	}
	return Read(name, bytes.NewReader(content), int64(len(content)))
}
