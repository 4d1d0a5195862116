package snapshots

import (
	"fmt"
	"strings"
)

// Reason names what is wrong with a bundle.
type Reason string

// The reasons for which a bundle is refused.
const (
	NotABundle       Reason = "not_a_bundle"      // no zip, too large, or without a manifest
	NotCanonical     Reason = "not_canonical"     // the zip is not written as bundles are
	ManifestInvalid  Reason = "manifest_invalid"  // the manifest is not one of this format
	SignatureInvalid Reason = "signature_invalid" // the manifest is not what was signed
	SignerUntrusted  Reason = "signer_untrusted"  // it is signed, but with another key than the trusted one
	FileMissing      Reason = "file_missing"      // the manifest lists a file that is not there
	FileUnknown      Reason = "file_unknown"      // there is a file that nothing accounts for
	FileDiffers      Reason = "file_differs"      // a file is not the one that the manifest lists
	TemplateInvalid  Reason = "template_invalid"  // a template cannot be read
	EventInvalid     Reason = "event_invalid"     // an event cannot be read
	EventMisplaced   Reason = "event_misplaced"   // an event does not follow the one before it
	EventUnfit       Reason = "event_unfit"       // the events do not fit together
	ChainBroken      Reason = "chain_broken"      // a line's statement is not whole
	PostingDiffers   Reason = "posting_differs"   // a posting is not what the events derive
	FormMissing      Reason = "form_missing"      // the events derive a form that is not there
	FormUnknown      Reason = "form_unknown"      // there is a form that the events do not derive
	CellDiffers      Reason = "cell_differs"      // a cell is not what the events derive
	PageDiffers      Reason = "page_differs"      // the page shows something else than the forms
)

// Problem is one thing that is wrong with a bundle, and where. Fields that do not
// apply are empty.
type Problem struct {
	Reason Reason `json:"reason"`
	// File is the path of a file of the bundle, Line a line of it, from 1 on.
	File string `json:"file,omitempty"`
	Line int    `json:"line,omitempty"`
	// Sequence is that of the event at fault.
	Sequence uint64 `json:"sequence,omitempty"`
	// Form and Cell name a value of a form: what the bundle states there and what
	// its events derive.
	Form    string `json:"form,omitempty"`
	Cell    string `json:"cell,omitempty"`
	Stated  string `json:"stated,omitempty"`
	Derived string `json:"derived,omitempty"`
	// Detail says more, in English.
	Detail string `json:"detail,omitempty"`
}

// Error says what is wrong, where and why.
func (p *Problem) Error() string {
	var b strings.Builder
	b.WriteString(string(p.Reason))
	for _, part := range []struct {
		name string
		has  bool
		text string
	}{
		{"file", p.File != "", p.File}, {"line", p.Line != 0, fmt.Sprint(p.Line)},
		{"event", p.Sequence != 0, fmt.Sprint(p.Sequence)}, {"form", p.Form != "", p.Form}, {"cell", p.Cell != "", p.Cell},
		{"stated", p.Stated != p.Derived, fmt.Sprintf("%q", p.Stated)}, {"derived", p.Stated != p.Derived, fmt.Sprintf("%q", p.Derived)},
	} {
		if part.has {
			fmt.Fprintf(&b, " %s %s", part.name, part.text)
		}
	}
	if p.Detail != "" {
		b.WriteString(": " + p.Detail)
	}
	return b.String()
}
