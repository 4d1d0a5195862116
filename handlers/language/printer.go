package language

import (
	"fmt"
	"strings"
	"time"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/collate"
	"golang.org/x/text/language"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/fiscal"
	"github.com/outturn/outturn/events/money"
)

// Printer speaks one language. It is safe for concurrent use.
type Printer struct {
	tag       Tag
	localizer *i18n.Localizer
}

// Tag is the language that it speaks.
func (p Printer) Tag() Tag { return p.tag }

// countParameter is the parameter that chooses between singular and plural.
const countParameter = "count"

// Text is a text of the catalogue with its blanks filled by parameters that
// come as name, value, name, value. A parameter "count" (an int) also chooses
// between singular and plural. An id that the catalogue does not have is
// returned as it is, so that a slip shows.
func (p Printer) Text(id string, params ...any) string {
	config := &i18n.LocalizeConfig{MessageID: id}
	blanks := make(map[string]any, len(params)/2)
	for i := 0; i+1 < len(params); i += 2 {
		name := fmt.Sprint(params[i])
		blanks[name] = params[i+1]
		if count, ok := params[i+1].(int); ok && name == countParameter {
			config.PluralCount = count
			blanks[name] = Group(fmt.Sprint(count))
		}
	}
	config.TemplateData = blanks
	text, err := p.localizer.Localize(config)
	if err != nil {
		return id
	}
	return text
}

// Title names a problem code.
func (p Printer) Title(code string) string { return p.Text("code." + code) }

// Type names an event type.
func (p Printer) Type(t events.Type) string {
	if definition, known := events.Lookup(t); known && p.tag == Chinese {
		return definition.Zh
	}
	return p.Text("type." + t.Noun())
}

// Measure names what a posting counts.
func (p Printer) Measure(m budget.Measure) string { return p.Text("measure." + m.String()) }

// Fund names the nature of money.
func (p Printer) Fund(f events.Fund) string { return p.Text("fund." + string(f)) }

// Kind names the kind of a project.
func (p Printer) Kind(k events.ProjectKind) string { return p.Text("kind." + string(k)) }

// Source names a fund row of a self-evaluation form, such as "carryover".
func (p Printer) Source(key string) string { return p.Text("source." + key) }

// Member names a member of an event's data, such as "document".
func (p Printer) Member(name string) string { return p.Text("member." + name) }

// Date writes a business date: "2023-10-31".
func (p Printer) Date(d fiscal.Date) string { return d.String() }

// Time writes an instant as the clock in [fiscal.Zone] shows it:
// "2023-10-31 09:00:00".
func (p Printer) Time(t time.Time) string { return t.In(fiscal.Zone).Format(time.DateTime) }

// decimals is how many decimals amounts and rates are printed with.
const decimals = 2

// Money writes an amount in a unit (money.Yuan or money.Wan), half up to two
// decimals and grouped: "3,371.59".
func (p Printer) Money(a, unit money.Amount) string { return Group(a.In(unit, decimals, money.HalfUp)) }

// Percent writes a defined ratio in percent, half up to two decimals: "51.43%".
func (p Printer) Percent(r money.Ratio) string {
	return Group(r.Percent(decimals, money.HalfUp)) + "%"
}

// Collator orders names as readers of the language expect: Chinese by pinyin.
// A collator must not be shared between goroutines.
func (p Printer) Collator() *collate.Collator {
	return collate.New(language.MustParse(string(p.tag)))
}

// minus is the sign that lines up with digits and is read as one.
const minus = "−"

// Group writes a decimal number for people: "-1234567.50" is "−1,234,567.50".
func Group(number string) string {
	digits, negative := strings.CutPrefix(number, "-")
	whole, fraction, dotted := strings.Cut(digits, ".")
	var b strings.Builder
	if negative {
		b.WriteString(minus)
	}
	for i, digit := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(digit)
	}
	if dotted {
		b.WriteString("." + fraction)
	}
	return b.String()
}
