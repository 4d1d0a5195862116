package intake

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/handlers/formimport"
)

// archive is the zip of a workbook. Nothing of it is unzipped but what is asked
// for, and never more than the limits.
type archive struct {
	parts map[string]*zip.File
}

// openArchive refuses by the table of contents whatever no table needs:
// programs, data of other files, parts that would unzip to too much. What the
// table says of sizes may be a lie, so that reading has limits of its own.
func openArchive(body []byte) (*archive, error) {
	zipped, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		return nil, events.Refuse(formimport.CodeDamaged, formimport.ReasonZip, "", "problem", err.Error())
	}
	if len(zipped.File) > MaxParts {
		return nil, tooMany("parts", MaxParts)
	}
	files := &archive{parts: make(map[string]*zip.File, len(zipped.File))}
	var total uint64
	for _, file := range zipped.File {
		name := strings.ToLower(file.Name)
		if err := admissible(file, name); err != nil {
			return nil, err
		}
		if total += file.UncompressedSize64; total > MaxUnzipped {
			return nil, unzippedTooLarge()
		}
		if !fs.ValidPath(file.Name) || strings.Contains(name, `\`) {
			continue
		}
		if files.parts[name] != nil {
			return nil, events.Refuse(formimport.CodeDamaged, formimport.ReasonPartTwice, "", "part", file.Name)
		}
		files.parts[name] = file
	}
	return files, files.draw()
}

func admissible(file *zip.File, name string) error {
	switch {
	case strings.HasSuffix(name, "vbaproject.bin"), strings.HasSuffix(name, "vbadata.xml"), strings.Contains(name, "/macrosheets/"):
		return events.Refuse(formimport.CodeMacros, formimport.ReasonMacros, "", "part", file.Name)
	case strings.Contains(name, "/externallinks/"):
		return events.Refuse(formimport.CodeExternalLinks, formimport.ReasonExternalLinks, "", "part", file.Name)
	case file.UncompressedSize64 > ratioFrom && file.UncompressedSize64/MaxRatio > file.CompressedSize64:
		return events.Refuse(formimport.CodeTooLarge, ReasonUnzipRatio, "", "part", file.Name, "limit", fmt.Sprint(MaxRatio))
	}
	return nil
}

// draw looks through all relationships for those that draw on other files.
// Links to click and pictures change nothing that is read.
func (a *archive) draw() error {
	for name := range a.parts {
		if !strings.HasSuffix(name, ".rels") {
			continue
		}
		related, err := a.relationships(name)
		if err != nil {
			return err
		}
		for _, r := range related {
			sort := path.Base(r.Type)
			if strings.EqualFold(r.TargetMode, "External") && sort != "hyperlink" && sort != "image" {
				return events.Refuse(formimport.CodeExternalLinks, formimport.ReasonExternalLinks, "", "part", name)
			}
		}
	}
	return nil
}

// open opens a part for reading up to a limit. Reading beyond it, or from a
// part that is damaged, fails with a refusal.
func (a *archive) open(name string, limit int64) (io.ReadCloser, error) {
	file := a.parts[strings.ToLower(name)]
	if file == nil {
		return nil, events.Refuse(formimport.CodeDamaged, formimport.ReasonPartMissing, "", "part", name)
	}
	content, err := file.Open()
	if err != nil {
		return nil, damaged(name, err)
	}
	return &bounded{ReadCloser: content, left: limit}, nil
}

// bounded is a reader that refuses to go on beyond its limit, or in a text
// without an end, which a decoder would gather in memory.
type bounded struct {
	io.ReadCloser
	left int64
	run  int // bytes since the last tag began
}

// Read fails with a refusal beyond the limits.
func (b *bounded) Read(into []byte) (int, error) {
	if b.left <= 0 || b.run > maxUntagged {
		return 0, unzippedTooLarge()
	}
	n, err := b.ReadCloser.Read(into[:min(int64(len(into)), b.left)])
	b.left -= int64(n)
	if at := bytes.LastIndexByte(into[:n], '<'); at >= 0 {
		b.run = n - at
	} else {
		b.run += n
	}
	return n, err
}

// decode reads a small part whole into a value.
func (a *archive) decode(name string, into any) error {
	content, err := a.open(name, MaxPart)
	if err != nil {
		return err
	}
	defer content.Close()
	raw, err := io.ReadAll(content)
	if err != nil {
		return damaged(name, err)
	}
	if bytes.Contains(raw, []byte("<!DOCTYPE")) || bytes.Contains(raw, []byte("<!ENTITY")) {
		return dtd(name)
	}
	if err := xml.Unmarshal(raw, into); err != nil {
		return damaged(name, err)
	}
	return nil
}

// relationship is one entry of a .rels part.
type relationship struct {
	ID         string `xml:"Id,attr"`
	Type       string `xml:"Type,attr"`
	Target     string `xml:"Target,attr"`
	TargetMode string `xml:"TargetMode,attr"`
}

func (a *archive) relationships(name string) ([]relationship, error) {
	var parsed struct {
		Relationships []relationship `xml:"Relationship"`
	}
	err := a.decode(name, &parsed)
	return parsed.Relationships, err
}

// related reads what a part is related to.
func (a *archive) related(part string) ([]relationship, error) {
	name := path.Join(path.Dir(part), "_rels", path.Base(part)+".rels")
	if a.parts[strings.ToLower(name)] == nil {
		return nil, nil
	}
	return a.relationships(name)
}

// target is the name of the part that a relationship of another part points to.
func target(from string, r relationship) string {
	if strings.HasPrefix(r.Target, "/") {
		return strings.TrimPrefix(path.Clean(r.Target), "/")
	}
	return path.Join(path.Dir(from), r.Target)
}

func damaged(part string, err error) error {
	if refusal := events.AsRefusal(err); refusal != nil {
		return refusal
	}
	return events.Refuse(formimport.CodeDamaged, formimport.ReasonPart, "", "part", part, "problem", err.Error())
}

func dtd(part string) error {
	return events.Refuse(formimport.CodeDTD, formimport.ReasonDTD, "", "part", part)
}

func unzippedTooLarge() error {
	return events.Refuse(formimport.CodeTooLarge, formimport.ReasonUnzippedSize, "", "limit", fmt.Sprint(MaxUnzipped))
}

func tooMany(what string, limit int) error {
	return events.Refuse(formimport.CodeTooLarge, formimport.ReasonTooMany, "", "what", what, "limit", fmt.Sprint(limit))
}
