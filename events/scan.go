package events

import (
	"bytes"
	"encoding/json"
	"iter"
)

// scanner steps through JSON that encoding/json has found valid. That spares it
// every check, and is why it is four times as fast as a json.Decoder: reading
// and writing events is most of what the program does.
type scanner struct {
	raw []byte
	at  int
}

// next passes over white space and shows the byte after it.
func (s *scanner) next() byte {
	for s.raw[s.at] <= ' ' {
		s.at++
	}
	return s.raw[s.at]
}

// more passes over a comma, and says whether anything stands before the end of
// the array or object.
func (s *scanner) more() bool {
	if s.next() == ',' {
		s.at++
	}
	c := s.next()
	return c != ']' && c != '}'
}

// quoted steps over a string and gives it with its quotes and escapes.
func (s *scanner) quoted() []byte {
	start := s.at
	for s.at++; s.raw[s.at] != '"'; s.at++ {
		if s.raw[s.at] == '\\' {
			s.at++
		}
	}
	s.at++
	return s.raw[start:s.at]
}

// literal steps over a number, true, false or null.
func (s *scanner) literal() []byte {
	start := s.at
	for s.at < len(s.raw) && s.raw[s.at] > ' ' && s.raw[s.at] != ',' && s.raw[s.at] != ']' && s.raw[s.at] != '}' {
		s.at++
	}
	return s.raw[start:s.at]
}

// whole steps over a value of any kind.
func (s *scanner) whole() []byte {
	switch s.next() {
	case '"':
		return s.quoted()
	case '{', '[':
	default:
		return s.literal()
	}
	start, depth := s.at, 0
	for {
		switch s.raw[s.at] {
		case '"':
			s.quoted()
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		s.at++
		if depth == 0 {
			return s.raw[start:s.at]
		}
	}
}

// unquote reads a quoted string.
func unquote(quoted []byte) string {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1 : len(quoted)-1])
	}
	var text string
	_ = json.Unmarshal(quoted, &text) // it is valid
	return text
}

// textOf reads a quoted string; anything else is empty.
func textOf(value []byte) string {
	if len(value) == 0 || value[0] != '"' {
		return ""
	}
	return unquote(value)
}

// membersIn steps through the members of the object that valid JSON is, their
// names quoted; there are none in anything else.
func membersIn(valid []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		s := scanner{raw: valid}
		if s.next() != '{' {
			return
		}
		for s.at++; s.more(); {
			name := s.quoted()
			s.next()
			s.at++ // the colon
			if !yield(name, s.whole()) {
				return
			}
		}
	}
}

// membersOf collects what membersIn gives; nil for no bytes, or valid JSON that
// is no object. The members share its bytes.
func membersOf(valid []byte) map[string]json.RawMessage {
	if len(valid) == 0 || (&scanner{raw: valid}).next() != '{' {
		return nil
	}
	members := make(map[string]json.RawMessage, 16)
	for name, value := range membersIn(valid) {
		members[unquote(name)] = value
	}
	return members
}
