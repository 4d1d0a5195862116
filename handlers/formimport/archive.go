package formimport

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
)

// archive is a zip whose every part has been unzipped once and found within the
// limits and harmless. Only XML parts can be had; parts with names that leave
// the archive do not exist.
type archive struct {
	parts map[string]*zip.File
}

// openArchive unzips each part once, since what a header says of a size can be a
// lie, and refuses what no form needs.
func openArchive(r *io.SectionReader) (*archive, error) {
	zipped, err := zip.NewReader(r, r.Size())
	if err != nil {
		return nil, events.Refuse(CodeDamaged, ReasonZip, "", "problem", err.Error())
	}
	if len(zipped.File) > MaxEntries {
		return nil, events.Refuse(CodeTooLarge, ReasonTooMany, "", "what", "parts", "limit", fmt.Sprint(MaxEntries))
	}
	files := &archive{parts: make(map[string]*zip.File, len(zipped.File))}
	room := int64(MaxUnzippedBytes)
	for _, file := range zipped.File {
		size, err := inspect(file, room)
		if err != nil {
			return nil, err
		}
		room -= size
		name := strings.ToLower(file.Name)
		if !fs.ValidPath(file.Name) || strings.Contains(name, `\`) || strings.HasSuffix(name, "/") {
			continue
		}
		if files.parts[name] != nil {
			return nil, events.Refuse(CodeDamaged, ReasonPartTwice, "", "part", file.Name)
		}
		files.parts[name] = file
	}
	return files, nil
}

// inspect unzips a part to nowhere and returns its size.
func inspect(file *zip.File, room int64) (int64, error) {
	name := strings.ToLower(file.Name)
	if strings.HasSuffix(name, "vbaproject.bin") || strings.HasSuffix(name, "vbadata.xml") || strings.Contains(name, "/macrosheets/") {
		return 0, events.Refuse(CodeMacros, ReasonMacros, "", "part", file.Name)
	}
	if strings.Contains(name, "/externallinks/") {
		return 0, events.Refuse(CodeExternalLinks, ReasonExternalLinks, "", "part", file.Name)
	}
	if isXML(name) {
		raw, err := unzip(file, room)
		if err != nil {
			return 0, err
		}
		if len(raw) > MaxPartBytes && !holdsTables(name) {
			return 0, events.Refuse(CodeTooLarge, ReasonPartSize, "", "part", file.Name, "limit", fmt.Sprint(MaxPartBytes))
		}
		return int64(len(raw)), harmless(file.Name, raw)
	}
	content, err := file.Open()
	if err != nil {
		return 0, damaged(file.Name, err)
	}
	defer content.Close()
	size, err := io.Copy(io.Discard, io.LimitReader(content, room+1))
	if err != nil {
		return 0, damaged(file.Name, err)
	}
	if size > room {
		return 0, tooLarge()
	}
	return size, nil
}

func isXML(name string) bool {
	return strings.HasSuffix(name, ".xml") || strings.HasSuffix(name, ".rels")
}

// holdsTables tells the parts that are read as a stream. The workbook library
// builds the others in memory, several times their size.
func holdsTables(name string) bool {
	return strings.HasPrefix(name, "word/document") || strings.HasPrefix(name, "xl/worksheets/") || strings.HasPrefix(name, "xl/sharedstrings")
}

// unzip reads a part of at most limit bytes.
func unzip(file *zip.File, limit int64) ([]byte, error) {
	content, err := file.Open()
	if err != nil {
		return nil, damaged(file.Name, err)
	}
	defer content.Close()
	raw, err := io.ReadAll(io.LimitReader(content, limit+1))
	if err != nil {
		return nil, damaged(file.Name, err)
	}
	if int64(len(raw)) > limit {
		return nil, tooLarge()
	}
	return raw, nil
}

func damaged(part string, err error) error {
	return events.Refuse(CodeDamaged, ReasonPart, "", "part", part, "problem", err.Error())
}

func tooLarge() error {
	return events.Refuse(CodeTooLarge, ReasonUnzippedSize, "", "limit", fmt.Sprint(MaxUnzippedBytes))
}

// harmless refuses XML with a document type definition, content types of
// programs, and relationships that draw on other files. Links to click and
// pictures are not followed and change nothing that is read.
func harmless(name string, raw []byte) error {
	if bytes.Contains(raw, []byte("<!DOCTYPE")) || bytes.Contains(raw, []byte("<!ENTITY")) {
		return events.Refuse(CodeDTD, ReasonDTD, "", "part", name)
	}
	if strings.EqualFold(name, contentTypes) && bytes.Contains(bytes.ToLower(raw), []byte("macroenabled")) {
		return events.Refuse(CodeMacros, ReasonMacros, "", "part", name)
	}
	if !strings.HasSuffix(strings.ToLower(name), ".rels") {
		return nil
	}
	related, err := relationships(name, raw)
	if err != nil {
		return err
	}
	for _, r := range related {
		sort := path.Base(r.Type)
		if strings.EqualFold(r.TargetMode, "External") && sort != "hyperlink" && sort != "image" {
			return events.Refuse(CodeExternalLinks, ReasonExternalLinks, "", "part", name)
		}
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

func relationships(name string, raw []byte) ([]relationship, error) {
	var parsed struct {
		Relationships []relationship `xml:"Relationship"`
	}
	if err := xml.Unmarshal(raw, &parsed); err != nil {
		return nil, damaged(name, err)
	}
	return parsed.Relationships, nil
}

// part reads an XML part.
func (a *archive) part(name string) ([]byte, error) {
	file := a.parts[strings.ToLower(name)]
	if file == nil {
		return nil, events.Refuse(CodeDamaged, ReasonPartMissing, "", "part", name)
	}
	return unzip(file, MaxUnzippedBytes)
}

// related reads what a part is related to, by id. A part without relationships
// has none.
func (a *archive) related(part string) (map[string]relationship, error) {
	name := path.Join(path.Dir(part), "_rels", path.Base(part)+".rels")
	if a.parts[strings.ToLower(name)] == nil {
		return nil, nil
	}
	raw, err := a.part(name)
	if err != nil {
		return nil, err
	}
	all, err := relationships(name, raw)
	byID := make(map[string]relationship, len(all))
	for _, r := range all {
		byID[r.ID] = r
	}
	return byID, err
}

// targetPart is the name of the part that a relationship of another part points to.
func targetPart(from string, r relationship) string {
	if strings.HasPrefix(r.Target, "/") {
		return strings.TrimPrefix(path.Clean(r.Target), "/")
	}
	return path.Join(path.Dir(from), r.Target)
}

const contentTypes = "[Content_Types].xml"

// kind tells by the content types what the file is, and names its main part.
func (a *archive) kind() (Kind, string, error) {
	raw, err := a.part(contentTypes)
	if err != nil {
		return "", "", err
	}
	var parsed struct {
		Overrides []struct {
			Part string `xml:"PartName,attr"`
			Type string `xml:"ContentType,attr"`
		} `xml:"Override"`
	}
	if err := xml.Unmarshal(raw, &parsed); err != nil {
		return "", "", damaged(contentTypes, err)
	}
	for _, o := range parsed.Overrides {
		main := strings.TrimPrefix(o.Part, "/")
		switch {
		case strings.HasSuffix(o.Type, "wordprocessingml.document.main+xml"), strings.HasSuffix(o.Type, "wordprocessingml.template.main+xml"):
			return Word, main, nil
		case strings.HasSuffix(o.Type, "spreadsheetml.sheet.main+xml"), strings.HasSuffix(o.Type, "spreadsheetml.template.main+xml"):
			return Workbook, main, nil
		}
	}
	return "", "", events.Refuse(CodeKind, ReasonUnknownKind, "")
}
