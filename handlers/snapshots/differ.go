package snapshots

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"html"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/outturn/outturn/projections/forms"
)

// sameForm compares a form as a bundle states it with the one that its events
// derive: its cells first, in the order that the form is read in, then the rest.
func sameForm(stated []byte, derived forms.Form) *Problem {
	want, err := indented(derived)
	if err != nil {
		return &Problem{Reason: CellDiffers, Form: derived.ID, Detail: err.Error()}
	}
	if bytes.Equal(stated, want) {
		return nil
	}
	here, err := parseJSON(stated)
	if err != nil {
		return &Problem{Reason: CellDiffers, Form: derived.ID, Detail: "not JSON: " + err.Error()}
	}
	there, err := parseJSON(want)
	if err != nil {
		return &Problem{Reason: CellDiffers, Form: derived.ID, Detail: err.Error()}
	}
	for _, part := range []string{"cells", ""} {
		if path, a, b, differ := firstDifference(member(here, part), member(there, part), ""); differ {
			return &Problem{Reason: CellDiffers, Form: derived.ID, Cell: cellOf(path, derived), Stated: a, Derived: b}
		}
	}
	return &Problem{Reason: CellDiffers, Form: derived.ID, Detail: "every value is right, but the file is not written as the format says"}
}

func parseJSON(raw []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, errors.New("something follows the value")
	}
	return value, nil
}

// member is a member of an object, or the value itself for the empty name.
func member(value any, name string) any {
	if name == "" {
		return value
	}
	object, _ := value.(map[string]any)
	return object[name]
}

// firstDifference finds the first place where two JSON values differ, objects in
// the order of a form. Rows that have a name are named by it, others counted.
func firstDifference(a, b any, path string) (at, left, right string, differ bool) {
	switch x := a.(type) {
	case map[string]any:
		if y, ok := b.(map[string]any); ok {
			for _, key := range slices.SortedFunc(maps.Keys(union(x, y)), compareCells) {
				if at, left, right, differ := firstDifference(x[key], y[key], under(path, key)); differ {
					return at, left, right, true
				}
			}
			return "", "", "", false
		}
	case []any:
		if y, ok := b.([]any); ok {
			for i := range max(len(x), len(y)) {
				if at, left, right, differ := firstDifference(element(x, i), element(y, i), under(path, rowName(x, i))); differ {
					return at, left, right, true
				}
			}
			return "", "", "", false
		}
	}
	left, right = text(a), text(b)
	return path, left, right, left != right
}

func union(x, y map[string]any) map[string]any {
	all := maps.Clone(x)
	maps.Copy(all, y)
	return all
}

func under(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func element(list []any, i int) any {
	if i < len(list) {
		return list[i]
	}
	return nil
}

func rowName(rows []any, i int) string {
	if row, ok := element(rows, i).(map[string]any); ok {
		if name, ok := row["row"].(string); ok {
			return name
		}
	}
	return strconv.Itoa(i)
}

// text writes a JSON value: a string as it is.
func text(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	raw, _ := json.Marshal(value)
	return string(raw)
}

// cellOf cuts a path to the name of the cell that it leads into.
func cellOf(path string, f forms.Form) string {
	for name := path; name != ""; {
		if _, is := f.Cells[name]; is {
			return name
		}
		end := strings.LastIndexByte(name, '.')
		if end < 0 {
			break
		}
		name = name[:end]
	}
	for _, detail := range []string{".printed", ".exact", ".fen"} {
		path = strings.TrimSuffix(path, detail)
	}
	return path
}

// sections are the first words of the names of cells, as forms are read.
var sections = []string{"printed", "exact", "fen", "funds", "income", "spending", "execution", "rate_initial", "goal", "indicators"}

// compareCells orders the names of cells as a form is read: the total last, the
// indicators by number.
func compareCells(x, y string) int {
	a, b := strings.Split(x, "."), strings.Split(y, ".")
	if byRank := cmp.Compare(rank(a[0]), rank(b[0])); byRank != 0 {
		return byRank
	}
	return slices.CompareFunc(a, b, func(p, q string) int {
		m, notM := strconv.Atoi(p)
		n, notN := strconv.Atoi(q)
		if notM == nil && notN == nil {
			return cmp.Compare(m, n)
		}
		return cmp.Compare(p, q)
	})
}

func rank(section string) int {
	if i := slices.Index(sections, section); i >= 0 {
		return i
	}
	return len(sections)
}

var (
	unseen = regexp.MustCompile(`(?s)<style>.*?</style>`)
	tags   = regexp.MustCompile(`<[^>]*>`)
)

// wordsOf are the texts of a page, tag by tag.
func wordsOf(page []byte) []string {
	var words []string
	for _, part := range tags.Split(unseen.ReplaceAllString(string(page), ""), -1) {
		if part = strings.TrimSpace(html.UnescapeString(part)); part != "" {
			words = append(words, part)
		}
	}
	return words
}
