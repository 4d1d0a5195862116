package api

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/projections"
)

// query reads the parameters of a call and remembers the first that is wrong. A
// parameter that nobody reads, that is given twice or that cannot be decoded is
// refused: a slip of the pen must not widen an answer or record a dry run.
type query struct {
	values url.Values
	read   []string
	err    error
}

// queryOf takes a request's parameters. (URL.Query would drop in silence what
// it cannot decode.)
func queryOf(r *http.Request) *query {
	values, err := url.ParseQuery(r.URL.RawQuery)
	q := &query{values: values}
	if err != nil {
		q.err = events.Refuse(CodeQueryInvalid, ReasonQueryUnreadable, "", "problem", err.Error())
	}
	return q
}

// get returns a parameter; one that is given without a value counts as absent.
func (q *query) get(name string) string {
	q.read = append(q.read, name)
	return q.values.Get(name)
}

// bad remembers that a parameter is not what it should be.
func (q *query) bad(name, want string) {
	if q.err == nil {
		q.err = events.Refuse(CodeQueryInvalid, ReasonParameterInvalid, "", "parameter", name, "value", q.values.Get(name), "want", want)
	}
}

// end returns what was wrong.
func (q *query) end() error {
	if q.err != nil {
		return q.err
	}
	known := append(q.read, "lang") // the language, read elsewhere
	for _, name := range slices.Sorted(maps.Keys(q.values)) {
		if !slices.Contains(known, name) {
			return events.Refuse(CodeQueryInvalid, ReasonParameterUnknown, "", "parameter", name, "known", strings.Join(known, ", "))
		}
		if len(q.values[name]) > 1 {
			q.bad(name, "given once")
		}
	}
	return q.err
}

func (q *query) flag(name string) bool {
	switch q.get(name) {
	case "", "false":
		return false
	case "true":
		return true
	}
	q.bad(name, "true or false")
	return false
}

// require remembers that a parameter is missing.
func (q *query) require(name string) {
	if q.err == nil {
		q.err = events.Refuse(CodeQueryInvalid, ReasonParameterRequired, "", "parameter", name)
	}
}

func (q *query) year() fiscal.Year {
	text := q.get("year")
	if text == "" {
		q.require("year")
	}
	year, err := fiscal.ParseYear(text)
	if err != nil {
		q.bad("year", err.Error())
	}
	return year
}

func (q *query) date(name string) fiscal.Date {
	text := q.get(name)
	if text == "" {
		return fiscal.Date{}
	}
	date, err := fiscal.ParseDate(text)
	if err != nil {
		q.bad(name, err.Error())
	}
	return date
}

func (q *query) time(name string) time.Time {
	text := q.get(name)
	if text == "" {
		return time.Time{}
	}
	var instant time.Time
	if instant.UnmarshalText([]byte(text)) != nil { // strict; time.Parse is not
		q.bad(name, `an RFC 3339 time such as "2023-10-31T09:00:00+08:00"`)
	}
	return instant
}

func (q *query) sequence(name string) uint64 {
	text := q.get(name)
	if text == "" {
		return 0
	}
	n, err := strconv.ParseUint(text, 10, 63)
	if err != nil {
		q.bad(name, "a sequence of the log: a whole number from 0 on")
	}
	return n
}

func (q *query) limit() int {
	text := q.get("limit")
	if text == "" {
		return projections.DefaultPage
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > projections.MaxPage {
		q.bad("limit", fmt.Sprintf("a whole number from 1 to %d", projections.MaxPage))
	}
	return n
}

func (q *query) asOf() projections.AsOf {
	return projections.AsOf{Date: q.date("as_of"), KnownAt: q.time("known_at"), Through: q.sequence("through")}
}

// code reads the code of a unit, project or line.
func code[T ~string](q *query, name string) T {
	text := q.get(name)
	if text != "" && !isCode(text) {
		q.bad(name, fmt.Sprintf("a code: 1 to %d of A-Z a-z 0-9 _ -", events.MaxCode))
	}
	return T(text)
}

// isCode says whether anything can have this code. What can have none is not
// looked for: the database takes no zero byte.
func isCode(text string) bool {
	strange := func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-')
	}
	return text != "" && len(text) <= events.MaxCode && !strings.ContainsFunc(text, strange)
}

func oneOf[T ~string](q *query, name string, allowed []T) T {
	value := T(q.get(name))
	if value == "" || slices.Contains(allowed, value) {
		return value
	}
	words := make([]string, len(allowed))
	for i, a := range allowed {
		words[i] = string(a)
	}
	q.bad(name, "one of "+strings.Join(words, ", "))
	return ""
}
