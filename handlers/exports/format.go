package exports

import (
	"fmt"
	"io"
	"slices"

	"github.com/outturn/outturn/handlers/language"
)

// Format names what forms are written as.
type Format string

// The formats, as addresses and the command line name them.
const (
	FormatJSON Format = "json"
	FormatXLSX Format = "xlsx"
	FormatDOCX Format = "docx"
	FormatHTML Format = "html"
	FormatCSV  Format = "csv"
)

// Formats lists the formats.
func Formats() []Format { return []Format{FormatJSON, FormatXLSX, FormatDOCX, FormatHTML, FormatCSV} }

// ParseFormat finds the format of that name, or lists those that there are.
func ParseFormat(name string) (Format, error) {
	if f := Format(name); slices.Contains(Formats(), f) {
		return f, nil
	}
	return "", fmt.Errorf("unknown format %q: use one of %q", name, Formats())
}

// File is the ending and the media type of a file with so many forms. Many forms
// as CSV are a zip.
func (f Format) File(forms int) (ending, mediaType string) {
	if f == FormatCSV && forms > 1 {
		return ".zip", "application/zip"
	}
	return "." + string(f), map[Format]string{
		FormatJSON: "application/json; charset=utf-8",
		FormatXLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
		FormatDOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
		FormatHTML: "text/html; charset=utf-8",
		FormatCSV:  "text/csv; charset=utf-8",
	}[f]
}

// Write writes the forms in a format; CSV is marked as UTF-8 for Excel. Errors:
// those of the format's writer.
func Write(w io.Writer, f Format, sheets []Sheet, p language.Printer) error {
	switch f {
	case FormatJSON:
		return JSON(w, sheets)
	case FormatXLSX:
		return XLSX(w, sheets, p)
	case FormatDOCX:
		return DOCX(w, sheets)
	case FormatHTML:
		return HTML(w, sheets, p)
	case FormatCSV:
		if len(sheets) == 1 {
			return CSV(w, sheets[0], UTF8ForExcel)
		}
		return CSVArchive(w, sheets, UTF8ForExcel)
	}
	_, err := ParseFormat(string(f))
	return err
}
