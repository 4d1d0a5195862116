package formimport

import (
	"bytes"
	"fmt"
	"io"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/handlers/audit"
)

// Limits of what is read. Beyond them a file is refused.
const (
	// MaxFileBytes is the largest file: 16 MiB.
	MaxFileBytes = 16 << 20
	// MaxUnzippedBytes is what a file may hold in all once unzipped: 64 MiB.
	MaxUnzippedBytes = 64 << 20
	// MaxPartBytes is the largest XML part of a file once unzipped: 16 MiB. Only
	// the parts with the tables may take all of [MaxUnzippedBytes].
	MaxPartBytes = 16 << 20
	// MaxEntries is the largest number of parts in a file.
	MaxEntries = 5_000
	// MaxTables is the largest number of tables or sheets in a file.
	MaxTables = 5_000
	// MaxRows is the largest number of rows in all the tables of a file.
	MaxRows = 100_000
	// MaxColumns is the largest number of columns of a table.
	MaxColumns = 16_384
	// MaxCells is the largest number of cells in all the tables of a file.
	MaxCells = 500_000
	// MaxReach is how many cells the sheets of a workbook may reach over, with
	// the blank rows and columns before a cell.
	MaxReach = 16 * MaxCells
	// MaxTextBytes is how much text the cells of a file may hold in all: 32 MiB.
	// The forms read from it may hold as much, since merged cells repeat theirs.
	MaxTextBytes = 32 << 20
	// MaxCellRunes is the longest text of a cell, in characters.
	MaxCellRunes = audit.MaxTextRunes
	// MaxNesting is how deep the elements of a Word document may stand in each
	// other; a table in a cell takes three levels.
	MaxNesting = 64
	// MaxListed is how many entries each list of a [Report] keeps.
	MaxListed = 2_000
)

// The codes of refusals.
const (
	CodeTooLarge      events.Code = "file_too_large"      // beyond one of the limits
	CodeDamaged       events.Code = "file_damaged"        // cannot be unzipped or parsed
	CodeKind          events.Code = "file_kind"           // neither docx nor xlsx nor the text of a table
	CodeMacros        events.Code = "file_macros"         // holds a program
	CodeExternalLinks events.Code = "file_external_links" // draws on other files
	CodeDTD           events.Code = "file_dtd"            // holds a document type definition
	CodeNotAForm      events.Code = "file_not_a_form"     // holds no self-evaluation form
)

// The reasons of refusals, each a sentence in every language of the catalogue.
const (
	ReasonFileSize      events.Reason = "file_size"      // size, limit: in bytes
	ReasonUnzippedSize  events.Reason = "unzipped_size"  // limit: in bytes
	ReasonPartSize      events.Reason = "part_size"      // part, limit: in bytes
	ReasonTooMany       events.Reason = "too_many"       // what, limit
	ReasonCellText      events.Reason = "cell_text"      // limit: in characters
	ReasonZip           events.Reason = "zip_damaged"    // problem
	ReasonPart          events.Reason = "part_damaged"   // part, problem
	ReasonPartMissing   events.Reason = "part_missing"   // part
	ReasonPartTwice     events.Reason = "part_twice"     // part
	ReasonOldFormat     events.Reason = "old_format"     // .doc, .xls or an encrypted file
	ReasonUnknownKind   events.Reason = "unknown_kind"   // kind, if the file names one
	ReasonMacros        events.Reason = "macros"         // part
	ReasonExternalLinks events.Reason = "external_links" // part
	ReasonDTD           events.Reason = "dtd"            // part
	ReasonNoForm        events.Reason = "no_form"        // tables: how many were looked at
)

// Kind says what a file is, by its content.
type Kind string

// The kinds of files that are read.
const (
	Word     Kind = "docx"
	Workbook Kind = "xlsx"
	Text     Kind = "text"
)

// Read reads the forms of a file. Its kind is told by its content, never by its
// name; the name only gives the forms their ids, such as report-03.
//
// A file that cannot be read is a [*events.Refusal] with one of the codes above.
// What could not be read in a file that can is in the Report.
func Read(name string, r io.ReaderAt, size int64) (audit.Declared, Report, error) {
	if size > MaxFileBytes {
		return audit.Declared{}, Report{}, events.Refuse(CodeTooLarge, ReasonFileSize, "",
			"size", fmt.Sprint(size), "limit", fmt.Sprint(MaxFileBytes))
	}
	report := Report{}
	blocks, err := blocksOf(io.NewSectionReader(r, 0, size), &report)
	if err != nil {
		return audit.Declared{}, Report{}, err
	}
	found := recogniser{report: &report, base: baseName(name)}
	for i := range blocks {
		found.block(&blocks[i])
	}
	declared := found.declared()
	if len(declared.Forms) == 0 {
		return audit.Declared{}, Report{}, events.Refuse(CodeNotAForm, ReasonNoForm, "", "tables", fmt.Sprint(tables(blocks)))
	}
	if len(declared.Forms) > audit.MaxForms {
		return audit.Declared{}, Report{}, events.Refuse(CodeTooLarge, ReasonTooMany, "", "what", "forms", "limit", fmt.Sprint(audit.MaxForms))
	}
	if report.taken > MaxTextBytes {
		return audit.Declared{}, Report{}, events.Refuse(CodeTooLarge, ReasonTooMany, "", "what", "text", "limit", fmt.Sprint(MaxTextBytes))
	}
	return declared, report, nil
}

// blocksOf tells the kind of a file and lets its reader turn it into blocks.
func blocksOf(r *io.SectionReader, report *Report) ([]block, error) {
	head := make([]byte, len(oleSignature))
	n, err := r.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return nil, err
	}
	switch head = head[:n]; {
	case bytes.HasPrefix(head, []byte(oleSignature)):
		return nil, events.Refuse(CodeKind, ReasonOldFormat, "")
	case bytes.HasPrefix(head, []byte(zipSignature)):
		return zippedBlocks(r, report)
	}
	raw, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	raw = bytes.TrimPrefix(raw, []byte("\uFEFF"))
	if !utf8.Valid(raw) || bytes.ContainsRune(raw, 0) || !isFlattened(raw) {
		return nil, events.Refuse(CodeKind, ReasonUnknownKind, "")
	}
	report.Kind = Text
	return textBlocks(string(raw))
}

const (
	zipSignature = "PK\x03\x04"
	oleSignature = "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1" // .doc, .xls, and encrypted .docx and .xlsx
)

func zippedBlocks(r *io.SectionReader, report *Report) ([]block, error) {
	files, err := openArchive(r)
	if err != nil {
		return nil, err
	}
	kind, main, err := files.kind()
	if err != nil {
		return nil, err
	}
	report.Kind = kind
	if kind == Word {
		return wordBlocks(files, main, report)
	}
	return workbookBlocks(files, r, report)
}

// baseName is the name of a file without its folder and ending.
func baseName(name string) string {
	base := path.Base(strings.ReplaceAll(name, `\`, "/"))
	base = strings.TrimSuffix(base, path.Ext(base))
	if base == "." || base == "/" || base == "" {
		return "form"
	}
	return base
}

func tables(blocks []block) int {
	n := 0
	for _, b := range blocks {
		if b.rows != nil {
			n++
		}
	}
	return n
}
