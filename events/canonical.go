package events

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// MaxDepth is how deep the JSON of an event may nest.
const MaxDepth = 8

// Canonical rewrites JSON as RFC 8785 does: object keys sorted by UTF-16 code
// units, no white space, strings with the fewest escapes. Numbers keep their
// literal, because no field of an event takes one that could be written in two
// ways. It refuses what encoding/json would let pass in silence: invalid UTF-8,
// an escape of half a surrogate pair, a key given twice, anything after the
// value, nesting beyond [MaxDepth].
func Canonical(raw []byte) ([]byte, error) {
	if !utf8.Valid(raw) {
		return nil, Refuse(CodeInvalidEvent, ReasonNotUTF8, "")
	}
	if !json.Valid(raw) {
		err := json.Unmarshal(raw, new(json.RawMessage)) // says why
		return nil, Refuse(CodeInvalidEvent, ReasonJSONSyntax, "", "problem", err.Error())
	}
	c := canonicaliser{scanner{raw: raw}}
	return c.value(make([]byte, 0, len(raw)), 0)
}

// surrogateEscapes finds the escapes of surrogates, those of whole pairs
// together; an escaped backslash before them is matched to be passed over.
var surrogateEscapes = regexp.MustCompile(`\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[dD][89a-fA-F][0-9a-fA-F]{2}`)

// loneSurrogate finds the first escape of half a surrogate pair, which
// encoding/json would turn into U+FFFD without a word; empty if there is none.
func loneSurrogate(quoted []byte) string {
	if !bytes.Contains(quoted, []byte(`\u`)) {
		return ""
	}
	for _, escape := range surrogateEscapes.FindAll(quoted, -1) {
		if len(escape) == len(`\ud800`) {
			return string(escape)
		}
	}
	return ""
}

type canonicaliser struct{ scanner }

func (c *canonicaliser) value(out []byte, depth int) ([]byte, error) {
	if depth > MaxDepth {
		return nil, Refuse(CodeInvalidEvent, ReasonJSONTooDeep, "", "limit", strconv.Itoa(MaxDepth))
	}
	switch c.next() {
	case '{':
		return c.object(out, depth)
	case '[':
		return c.array(out, depth)
	case '"':
		text, err := c.text()
		return appendString(out, text), err
	}
	return append(out, c.literal()...), nil
}

func (c *canonicaliser) text() (string, error) {
	quoted := c.quoted()
	if half := loneSurrogate(quoted); half != "" {
		return "", Refuse(CodeInvalidEvent, ReasonJSONSyntax, "", "problem", half+" is half of a surrogate pair")
	}
	return unquote(quoted), nil
}

func (c *canonicaliser) array(out []byte, depth int) ([]byte, error) {
	out = append(out, '[')
	c.at++
	for first := true; c.more(); first = false {
		if !first {
			out = append(out, ',')
		}
		var err error
		if out, err = c.value(out, depth+1); err != nil {
			return nil, err
		}
	}
	c.at++
	return append(out, ']'), nil
}

func (c *canonicaliser) object(out []byte, depth int) ([]byte, error) {
	members := make(map[string]json.RawMessage, 16)
	c.at++
	for c.more() {
		key, err := c.text()
		if err != nil {
			return nil, err
		}
		if _, twice := members[key]; twice {
			return nil, Refuse(CodeInvalidEvent, ReasonJSONDuplicateKey, "", "key", key)
		}
		c.next()
		c.at++ // the colon
		if members[key], err = c.value(nil, depth+1); err != nil {
			return nil, err
		}
	}
	c.at++
	return appendObject(out, members), nil
}

// appendObject writes an object of canonical members in canonical order.
func appendObject(out []byte, members map[string]json.RawMessage) []byte {
	keys := make([]string, 0, len(members))
	for key := range members {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, compareUTF16)
	out = append(out, '{')
	for i, key := range keys {
		if i > 0 {
			out = append(out, ',')
		}
		out = appendString(out, key)
		out = append(out, ':')
		out = append(out, members[key]...)
	}
	return append(out, '}')
}

func compareUTF16(a, b string) int {
	if isASCII(a) && isASCII(b) {
		return strings.Compare(a, b)
	}
	return slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b)))
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// appendString quotes as RFC 8785, section 3.2.2.2 does.
func appendString(out []byte, s string) []byte {
	out = append(out, '"')
	plain := 0 // where the bytes begin that stand as they are
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		out = append(out, s[plain:i]...)
		out = append(out, escaped(c)...)
		plain = i + 1
	}
	out = append(out, s[plain:]...)
	return append(out, '"')
}

// escaped is the escape of a byte that cannot stand in a string.
func escaped(c byte) string {
	switch c {
	case '"', '\\':
		return string([]byte{'\\', c})
	case '\b':
		return `\b`
	case '\t':
		return `\t`
	case '\n':
		return `\n`
	case '\f':
		return `\f`
	case '\r':
		return `\r`
	}
	const hex = "0123456789abcdef"
	return `\u00` + string([]byte{hex[c>>4], hex[c&15]})
}
