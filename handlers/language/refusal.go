package language

import (
	"regexp"
	"strings"

	"github.com/outturn/outturn/events"
)

// Refusal says what was refused, why, what to do about it and where: the text
// of its reason with its parameters, then the place in the event.
func (p Printer) Refusal(r *events.Refusal) string {
	params := make([]any, 0, 2*len(r.Params))
	for name, value := range r.Params {
		params = append(params, name, p.param(name, value))
	}
	text := p.Text("reason."+string(r.Reason), params...)
	if r.Where == "" {
		return text
	}
	return text + p.Text("refusal.where", "where", r.Where)
}

// Failure tells an error: a refusal in its own sentence, any other in the
// program's words.
func (p Printer) Failure(err error) string {
	if refusal := events.AsRefusal(err); refusal != nil {
		return p.Refusal(refusal)
	}
	return err.Error()
}

var amountParam = regexp.MustCompile(`^-?[0-9]+\.[0-9]{2}$`)

// Parameters with these names are shown as they were sent.
const (
	valueParam = "value"
	wantParam  = "want"
)

// param writes a parameter for people: amounts are grouped, and what a field
// should be is said in the printer's language.
func (p Printer) param(name, value string) string {
	switch {
	case name == wantParam:
		return p.Want(value)
	case name != valueParam && amountParam.MatchString(value):
		return Group(value)
	}
	return value
}

// wants are the phrases in which the domain and the API say what a field should
// be, with the ids of their texts. What the parentheses match fills {{.a}} and
// {{.b}}.
var wants = []struct {
	phrase *regexp.Regexp
	id     string
}{
	{regexp.MustCompile(`^a code: 1 to (\d+) of A-Z a-z 0-9 _ -$`), "want.code"},
	{regexp.MustCompile(`^1 to (\d+) visible ASCII characters$`), "want.visible"},
	{regexp.MustCompile(`^a URI reference of 1 to (\d+) visible ASCII characters$`), "want.reference"},
	{regexp.MustCompile(`^1 to (\d+) characters on one line$`), "want.text"},
	{regexp.MustCompile(`^1 to (\d+) characters$`), "want.note"},
	{regexp.MustCompile(`^(\d+(?: or \d+)*) digits$`), "want.digits"},
	{regexp.MustCompile(`^one of (.+)$`), "want.choice"},
	{regexp.MustCompile(`^a month from 1 to 12$`), "want.month"},
	{regexp.MustCompile(`^a (?:fiscal )?year (?:is a whole number )?from (\d+) to (\d+)$`), "want.year"},
	{regexp.MustCompile(`^a date is written as .+$`), "want.date"},
	{regexp.MustCompile(`^an amount in yuan, such as .+$`), "want.amount"},
	{regexp.MustCompile(`^an RFC 3339 time such as .+$`), "want.time"},
	{regexp.MustCompile(`^a decimal string from "0" to "1000" with at most four decimals$`), "want.points"},
	{regexp.MustCompile(`^a decimal string with at most four decimals$`), "want.decimal"},
	{regexp.MustCompile(`^1 to (\d+) steps .+$`), "want.steps"},
	{regexp.MustCompile(`^absent: only the curve of steps has them$`), "want.no_steps"},
	{regexp.MustCompile(`^no less than watch$`), "want.behind"},
	{regexp.MustCompile(`^a SHA-256 in 64 lower-case hexadecimal digits$`), "want.digest"},
	{regexp.MustCompile(`^a sequence of the log.*$`), "want.sequence"},
	{regexp.MustCompile(`^a row of a table.*$`), "want.row"},
	{regexp.MustCompile(`^a whole number from (\d+) to (\d+)$`), "want.range"},
	{regexp.MustCompile(`^a whole number$`), "want.integer"},
	{regexp.MustCompile(`^a string$`), "want.string"},
	{regexp.MustCompile(`^a string or null$`), "want.string_or_null"},
	{regexp.MustCompile(`^true or false$`), "want.bool"},
	{regexp.MustCompile(`^an array of 12$`), "want.twelve"},
	{regexp.MustCompile(`^the name of an event type$`), "want.type"},
	{regexp.MustCompile(`^1 to (\d+) names of event types, none twice$`), "want.types"},
	{regexp.MustCompile(`^an event: (.+)$`), "want.event"},
	{regexp.MustCompile(`^an event$`), "want.object"},
	{regexp.MustCompile(`^an array$`), "want.array"},
	{regexp.MustCompile(`^a URI$`), "want.uri"},
	{regexp.MustCompile(`^an extension: .+$`), "want.extension"},
	{regexp.MustCompile(`^the code of a registered unit$`), "want.unit"},
	{regexp.MustCompile(`^the code of a project of that year$`), "want.project"},
}

// Want says in the printer's language what a field should be. A phrase that it
// does not know, such as a literal, stays as it is.
func (p Printer) Want(phrase string) string {
	for _, want := range wants {
		found := want.phrase.FindStringSubmatch(phrase)
		if found == nil {
			continue
		}
		params := []any{}
		for i, name := range []string{"a", "b"} {
			if i+1 < len(found) {
				params = append(params, name, p.words(found[i+1]))
			}
		}
		return p.Text(want.id, params...)
	}
	return phrase
}

// words joins a list as the language does.
func (p Printer) words(list string) string {
	if p.tag == Chinese {
		return strings.NewReplacer(" or ", " 或 ", ", ", "、").Replace(list)
	}
	return list
}
