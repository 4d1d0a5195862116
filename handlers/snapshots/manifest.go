package snapshots

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/fiscal"
)

// Format names the form of bundles that this package writes and reads. Another
// way to write any file of them is another format.
const Format = "outturn-snapshot/1"

// The files of a bundle. Beside them stand templates/ID.json and
// forms/KIND-CODE.json.
const (
	manifestPath  = "manifest.json"
	signaturePath = "manifest.sig"
	signerPath    = "signer.pem"
	sumsPath      = "SHA256SUMS"
	eventsPath    = "events.ndjson"
	postingsPath  = "postings.ndjson"
	pagePath      = "forms.html"
)

// Manifest says what a bundle is about, where in the log it stands, and what is
// in it. It is what is signed.
type Manifest struct {
	Format string        `json:"format"`
	Log    string        `json:"log"` // the identity of the log
	Unit   events.UnitID `json:"unit"`
	Year   fiscal.Year   `json:"year"`
	// Position is the sequence of the log that every figure rests on, and
	// PositionHash the SHA-256 of the event there.
	Position     uint64        `json:"position"`
	PositionHash events.Digest `json:"position_hash"`
	Templates    Templates     `json:"templates"`
	// Digest is the SHA-256 of the file SHA256SUMS, which holds one line for each
	// file of evidence. The page is drawn from it and is not evidence.
	Digest events.Digest `json:"digest"`
	Files  []File        `json:"files"` // all but the manifest, its signature and the signer, by path
}

// Templates are the ids of the templates that the forms were derived with.
type Templates struct {
	Department string `json:"department"`
	Project    string `json:"project"`
}

// File is a file of a bundle.
type File struct {
	Path   string        `json:"path"`
	Size   int           `json:"size"` // bytes
	SHA256 events.Digest `json:"sha256"`
}

// ID is the short name of the snapshot.
func (m Manifest) ID() string { return idOf(m.Digest) }

// idDigits is how many digits of the digest are a snapshot's id.
const idDigits = 16

func idOf(digest events.Digest) string { return string(digest[:min(idDigits, len(digest))]) }

func digestOf(data []byte) events.Digest {
	sum := sha256.Sum256(data)
	return events.Digest(hex.EncodeToString(sum[:]))
}

// sums writes files as sha256sum does, by path.
func sums(files []file) []byte {
	files = slices.SortedFunc(slices.Values(files), func(x, y file) int { return strings.Compare(x.path, y.path) })
	var out bytes.Buffer
	for _, f := range files {
		fmt.Fprintf(&out, "%s  %s\n", digestOf(f.data), f.path)
	}
	return out.Bytes()
}

// isEvidence says whether a file is one of those that the digest is made of.
func isEvidence(f file) bool { return f.path != pagePath && !slices.Contains(first, f.path) }

// indented writes a value as the JSON files of a bundle are written.
func indented(value any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(value)
	return out.Bytes(), err
}

// list adds the list of files and the digest to a manifest, and returns the file
// of sums, which is one of the files, too.
func (m *Manifest) list(files []file) file {
	evidence := slices.DeleteFunc(slices.Clone(files), func(f file) bool { return !isEvidence(f) })
	written := file{sumsPath, sums(evidence)}
	m.Digest, m.Files = digestOf(written.data), nil
	for _, f := range append(slices.Clone(files), written) {
		m.Files = append(m.Files, File{f.path, len(f.data), digestOf(f.data)})
	}
	slices.SortFunc(m.Files, func(x, y File) int { return strings.Compare(x.Path, y.Path) })
	return written
}
