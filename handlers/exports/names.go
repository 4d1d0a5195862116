package exports

import (
	"fmt"
	"strings"
	"unicode/utf16"
)

// Lengths of names in UTF-16 units: of a worksheet's tab Excel's limit, of a file
// one that every system takes beside a number and an ending.
const (
	maxTabName  = 31
	maxFileName = 60
)

// names gives out names that are valid for worksheets and files alike, each
// once; upper and lower case count as the same.
type names struct {
	limit int
	taken map[string]bool
}

func newNames(limit int, reserved ...string) *names {
	n := &names{limit, map[string]bool{}}
	for _, name := range reserved {
		n.taken[strings.ToLower(name)] = true
	}
	return n
}

// take makes a name of a title that no other title was given.
func (n *names) take(title string) string {
	base := strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`:\/?*[]<>|"`, r) {
			return ' '
		}
		return r
	}, clean(title))
	base = strings.Trim(strings.TrimSpace(base), "'. ")
	if base == "" {
		base = "form"
	}
	name := cut(base, n.limit)
	for i := 2; n.taken[strings.ToLower(name)]; i++ {
		suffix := fmt.Sprintf(" (%d)", i)
		name = cut(base, n.limit-len(suffix)) + suffix
	}
	n.taken[strings.ToLower(name)] = true
	return name
}

// cut shortens a name to a number of UTF-16 units, never inside a character.
func cut(name string, limit int) string {
	units := 0
	for i, r := range name {
		if units += utf16.RuneLen(r); units > limit {
			return strings.TrimRight(name[:i], "' .")
		}
	}
	return name
}
