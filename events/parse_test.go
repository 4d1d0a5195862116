package events_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/outturn/outturn/events"
)

const (
	payment  = `{"amount":"411400.00","date":"2023-10-31","document":"凭证 231"}`
	transfer = `{"to":"L2","amount":"8000.00","date":"2023-08-25","document":"调剂 3","reason":"调剂"}`
)

// about writes an event of a type with the given data and, in the place of or
// beside the usual attributes, others; an empty one goes.
func about(noun, data string, attributes ...string) string {
	all := map[string]string{
		"specversion": `"1.0"`, "id": `"P-1"`, "source": `"/finance"`, "subject": `"L1"`,
		"type": fmt.Sprintf("%q", "outturn."+noun+".v1"), "data": data,
	}
	for i := 0; i+1 < len(attributes); i += 2 {
		all[attributes[i]] = attributes[i+1]
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if all[name] != "" {
			key, _ := json.Marshal(name)
			parts = append(parts, string(key)+":"+all[name])
		}
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func paid(attributes ...string) string { return about("disbursement.paid", payment, attributes...) }

// paidWith is a payment whose data has a member more, or instead.
func paidWith(member, value string) string {
	var data map[string]json.RawMessage
	if err := json.Unmarshal([]byte(payment), &data); err != nil {
		panic(err)
	}
	data[member] = json.RawMessage(value)
	if value == "" {
		delete(data, member)
	}
	raw, err := json.Marshal(data)
	if err != nil {
		panic(err)
	}
	return about("disbursement.paid", string(raw))
}

func amount(value string) string { return paidWith("amount", value) }

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	const invalid, badAmount = events.CodeInvalidEvent, events.CodeAmountInvalid
	months := func(last string) string {
		return about("plan.set", `{"about":"line","year":2023,"date":"2023-01-01","months":[`+strings.Repeat(`"1",`, 11)+last+`]}`)
	}
	x := func(n int) string { return `"` + strings.Repeat("x", n) + `"` }
	zh := func(n int) string { return `"` + strings.Repeat("文", n) + `"` }
	tests := map[string]struct {
		raw    string
		code   events.Code
		reason events.Reason
		where  string
		params string // one that must be there, as name=value
	}{
		"an array":                    {`[` + paid() + `]`, invalid, events.ReasonNotAnObject, "", ""},
		"a string":                    {`"event"`, invalid, events.ReasonNotAnObject, "", ""},
		"null":                        {`null`, invalid, events.ReasonNotAnObject, "", ""},
		"an optional date in error":   {about("role.granted", `{"role":"poster","until":"2023-02-29"}`), invalid, events.ReasonDateInvalid, "/data/until", "value=2023-02-29"},
		"a proposed event in error":   {about("proposal.made", `{"about":"line","proposal":"p","review":"r","event":{"specversion":"0.3"}}`), invalid, events.ReasonFieldInvalid, "/data/event", "field=event"},
		"a type twice in a list":      {about("review.set", `{"review":"r","types":["outturn.year.closed.v1","outturn.year.closed.v1"],"over":"0","date":"2023-01-01"}`), invalid, events.ReasonFieldInvalid, "/data/types", "field=types"},
		"an empty object":             {`{}`, invalid, events.ReasonAttributeRequired, "/specversion", "field=specversion"},
		"no id":                       {paid("id", ""), invalid, events.ReasonAttributeRequired, "/id", "field=id"},
		"no source":                   {paid("source", ""), invalid, events.ReasonAttributeRequired, "/source", "field=source"},
		"no type":                     {paid("type", ""), invalid, events.ReasonAttributeRequired, "/type", "field=type"},
		"no subject":                  {paid("subject", ""), invalid, events.ReasonAttributeRequired, "/subject", "field=subject"},
		"no data":                     {paid("data", ""), invalid, events.ReasonAttributeRequired, "/data", "field=data"},
		"a null id":                   {paid("id", "null"), invalid, events.ReasonAttributeRequired, "/id", "field=id"},
		"another CloudEvents version": {paid("specversion", `"0.3"`), invalid, events.ReasonAttributeInvalid, "/specversion", `want="1.0"`},
		"a number for an id":          {paid("id", `7`), invalid, events.ReasonAttributeInvalid, "/id", "field=id"},
		"an empty id":                 {paid("id", `""`), invalid, events.ReasonAttributeInvalid, "/id", ""},
		"an id with a space":          {paid("id", `"P 1"`), invalid, events.ReasonAttributeInvalid, "/id", ""},
		"an id in Chinese":            {paid("id", `"凭证"`), invalid, events.ReasonAttributeInvalid, "/id", ""},
		"an id of 129":                {paid("id", x(129)), invalid, events.ReasonAttributeInvalid, "/id", "want=1 to 128 visible ASCII characters"},
		"a source of 129":             {paid("source", x(129)), invalid, events.ReasonAttributeInvalid, "/source", ""},
		"a source that is no URI":     {paid("source", `"%zz"`), invalid, events.ReasonAttributeInvalid, "/source", ""},
		"a subject of 65":             {paid("subject", x(65)), invalid, events.ReasonAttributeInvalid, "/subject", ""},
		"a subject with a dot":        {paid("subject", `"a.b"`), invalid, events.ReasonAttributeInvalid, "/subject", ""},
		"a subject with a wildcard":   {paid("subject", `"*"`), invalid, events.ReasonAttributeInvalid, "/subject", ""},
		"a time without a zone":       {paid("time", `"2023-10-31T09:00:00"`), invalid, events.ReasonAttributeInvalid, "/time", ""},
		"a time that is a date":       {paid("time", `"2023-10-31"`), invalid, events.ReasonAttributeInvalid, "/time", ""},
		"another content type":        {paid("datacontenttype", `"text/xml"`), invalid, events.ReasonAttributeInvalid, "/datacontenttype", `want="application/json"`},
		"data in base64":              {paid("data_base64", `"e30="`), invalid, events.ReasonAttributeInvalid, "/data_base64", "field=data_base64"},
		"an extension in capitals":    {paid("Batch", `"1"`), invalid, events.ReasonAttributeInvalid, "/Batch", ""},
		"an extension with a slash":   {paid("a/b~c", `"1"`), invalid, events.ReasonAttributeInvalid, "/a~1b~0c", ""},
		"an extension that is a list": {paid("batch", `[1]`), invalid, events.ReasonAttributeInvalid, "/batch", ""},
		"an extension with a float":   {paid("batch", `1.0`), invalid, events.ReasonAttributeInvalid, "/batch", ""},
		"an extension of minus zero":  {paid("batch", `-0`), invalid, events.ReasonAttributeInvalid, "/batch", ""},
		"an extension of 33 bits":     {paid("batch", `2147483648`), invalid, events.ReasonAttributeInvalid, "/batch", ""},
		"an extension with a control": {paid("batch", `"a\u0000"`), invalid, events.ReasonAttributeInvalid, "/batch", ""},
		"a sequence":                  {paid("sequence", `"1"`), invalid, events.ReasonAttributeOfLog, "/sequence", "field=sequence"},
		"a recorded time":             {paid("recordedtime", `"2023-10-31T09:00:00Z"`), invalid, events.ReasonAttributeOfLog, "/recordedtime", ""},
		"an actor":                    {paid("actor", `"root"`), invalid, events.ReasonAttributeOfLog, "/actor", ""},
		"a previous hash":             {paid("prevhash", `""`), invalid, events.ReasonAttributeOfLog, "/prevhash", ""},
		"two attributes at fault":     {paid("time", `"now"`, "id", `""`), invalid, events.ReasonAttributeInvalid, "/id", ""},
		"an unknown type":             {paid("type", `"outturn.disbursement.payed.v1"`), invalid, events.ReasonTypeUnknown, "/type", "nearest=outturn.disbursement.paid.v1"},
		"a later version of a type":   {paid("type", `"outturn.disbursement.paid.v2"`), invalid, events.ReasonTypeUnknown, "/type", "nearest=outturn.disbursement.paid.v1"},
		"a type like none":            {paid("type", x(500)), invalid, events.ReasonTypeUnknown, "/type", "nearest="},
		"an empty type":               {paid("type", `""`), invalid, events.ReasonTypeUnknown, "/type", ""},

		"data that is a string":       {paid("data", `"text"`), invalid, events.ReasonNotAnObject, "/data", ""},
		"data that is a list":         {paid("data", `[]`), invalid, events.ReasonNotAnObject, "/data", ""},
		"a missing date":              {paidWith("date", ""), invalid, events.ReasonFieldRequired, "/data/date", "field=date"},
		"a null date":                 {paidWith("date", "null"), invalid, events.ReasonFieldRequired, "/data/date", "field=date"},
		"a missing amount":            {paidWith("amount", ""), invalid, events.ReasonFieldRequired, "/data/amount", "field=amount"},
		"a member misspelled":         {paidWith("purpse", `"x"`), invalid, events.ReasonFieldUnknown, "/data/purpse", "nearest=purpose"},
		"a member like none":          {paidWith("quite_another", `"x"`), invalid, events.ReasonFieldUnknown, "/data/quite_another", "nearest="},
		"a member without a name":     {paidWith("", `"x"`), invalid, events.ReasonFieldUnknown, "/data/", ""},
		"a member with a slash":       {paidWith("a/b~c", `"x"`), invalid, events.ReasonFieldUnknown, "/data/a~1b~0c", "field=a/b~c"},
		"a second amount in capitals": {paidWith("Amount", `"1.00"`), invalid, events.ReasonFieldUnknown, "/data/Amount", "nearest=amount"},
		"only an amount in capitals":  {about("disbursement.paid", strings.Replace(payment, "amount", "Amount", 1)), invalid, events.ReasonFieldUnknown, "/data/Amount", "nearest=amount"},

		"a whole number for an amount":  {amount(`411400`), badAmount, events.ReasonAmountNotText, "/data/amount", "field=amount"},
		"a float for an amount":         {amount(`411400.00`), badAmount, events.ReasonAmountNotText, "/data/amount", ""},
		"an exponent number":            {amount(`4e5`), badAmount, events.ReasonAmountNotText, "/data/amount", ""},
		"true for an amount":            {amount(`true`), badAmount, events.ReasonAmountNotText, "/data/amount", ""},
		"an object for an amount":       {amount(`{"yuan":1}`), badAmount, events.ReasonAmountNotText, "/data/amount", ""},
		"a null amount":                 {amount(`null`), invalid, events.ReasonFieldRequired, "/data/amount", ""},
		"an empty amount":               {amount(`""`), badAmount, events.ReasonAmountSyntax, "/data/amount", "value="},
		"an exponent in a string":       {amount(`"4e5"`), badAmount, events.ReasonAmountSyntax, "/data/amount", "value=4e5"},
		"three decimals":                {amount(`"1.234"`), badAmount, events.ReasonAmountSyntax, "/data/amount", "value=1.234"},
		"a separator of thousands":      {amount(`"411,400.00"`), badAmount, events.ReasonAmountSyntax, "/data/amount", ""},
		"full-width digits":             {amount(`"４１"`), badAmount, events.ReasonAmountSyntax, "/data/amount", ""},
		"a unit of money":               {amount(`"41.14万"`), badAmount, events.ReasonAmountSyntax, "/data/amount", ""},
		"a quote in an amount":          {amount(`"1\"2"`), badAmount, events.ReasonAmountSyntax, "/data/amount", ""},
		"a plus sign":                   {amount(`"+1"`), badAmount, events.ReasonAmountSyntax, "/data/amount", ""},
		"a point without digits":        {amount(`"1."`), badAmount, events.ReasonAmountSyntax, "/data/amount", ""},
		"infinity":                      {amount(`"Inf"`), badAmount, events.ReasonAmountSyntax, "/data/amount", ""},
		"a negative amount":             {amount(`"-0.01"`), badAmount, events.ReasonAmountNegative, "/data/amount", "value=-0.01"},
		"no money":                      {amount(`"0.00"`), badAmount, events.ReasonAmountZero, "/data/amount", ""},
		"minus nothing":                 {amount(`"-0"`), badAmount, events.ReasonAmountZero, "/data/amount", ""},
		"a fen above the limit":         {amount(`"100000000000000.01"`), badAmount, events.ReasonAmountTooLarge, "/data/amount", ""},
		"more than 64 bits of fen":      {amount(`"92233720368547758.08"`), badAmount, events.ReasonAmountTooLarge, "/data/amount", ""},
		"more digits than an amount":    {amount(`"` + strings.Repeat("9", 400) + `"`), badAmount, events.ReasonAmountTooLarge, "/data/amount", ""},
		"a number among the months":     {months(`1.5`), badAmount, events.ReasonAmountNotText, "/data/months", "field=months"},
		"null among the months":         {months(`null`), badAmount, events.ReasonAmountNotText, "/data/months", ""},
		"a negative month":              {months(`"-1"`), badAmount, events.ReasonAmountNegative, "/data/months", ""},
		"eleven months":                 {strings.Replace(months(`"1"`), `"1",`, "", 1), invalid, events.ReasonFieldInvalid, "/data/months", "want=an array of 12"},
		"thirteen months":               {months(`"1","1"`), invalid, events.ReasonFieldInvalid, "/data/months", "want=an array of 12"},
		"months in an object":           {about("plan.set", `{"about":"line","year":2023,"date":"2023-01-01","months":{}}`), invalid, events.ReasonFieldInvalid, "/data/months", "want=an array of 12"},
		"a day that does not exist":     {paidWith("date", `"2023-02-29"`), invalid, events.ReasonDateInvalid, "/data/date", "value=2023-02-29"},
		"a date before all books":       {paidWith("date", `"1949-12-31"`), invalid, events.ReasonDateInvalid, "/data/date", ""},
		"a date after all books":        {paidWith("date", `"2200-01-01"`), invalid, events.ReasonDateInvalid, "/data/date", ""},
		"a date with a time":            {paidWith("date", `"2023-10-31T00:00:00Z"`), invalid, events.ReasonDateInvalid, "/data/date", ""},
		"a date as a number":            {paidWith("date", `20231031`), invalid, events.ReasonDateInvalid, "/data/date", ""},
		"a number for a document":       {paidWith("document", `231`), invalid, events.ReasonFieldInvalid, "/data/document", "want=a string"},
		"an empty document":             {paidWith("document", `""`), invalid, events.ReasonFieldInvalid, "/data/document", "want=1 to 300 characters on one line"},
		"a blank document":              {paidWith("document", `"　 "`), invalid, events.ReasonFieldInvalid, "/data/document", ""},
		"a document of two lines":       {paidWith("document", `"a\nb"`), invalid, events.ReasonFieldInvalid, "/data/document", ""},
		"a document of 301":             {paidWith("document", zh(301)), invalid, events.ReasonFieldInvalid, "/data/document", ""},
		"a purpose of 2001":             {paidWith("purpose", zh(2001)), invalid, events.ReasonFieldInvalid, "/data/purpose", "want=1 to 2000 characters"},
		"a purpose with a bell":         {paidWith("purpose", `"a\u0007"`), invalid, events.ReasonFieldInvalid, "/data/purpose", ""},
		"a commitment of 65":            {paidWith("commitment", x(65)), invalid, events.ReasonFieldInvalid, "/data/commitment", "want=a code: 1 to 64 of A-Z a-z 0-9 _ -"},
		"an economic class of 4 digits": {paidWith("economic_class", `"3021"`), invalid, events.ReasonFieldInvalid, "/data/economic_class", "want=3 or 5 digits"},
		"a transfer to no code":         {about("budget.transferred", strings.Replace(transfer, "L2", "指标", 1)), invalid, events.ReasonFieldInvalid, "/data/to", ""},
		"a refund of a long id":         {about("disbursement.refunded", `{"payment":`+x(129)+`,"amount":"1","date":"2023-10-31","reason":"x"}`), invalid, events.ReasonFieldInvalid, "/data/payment", ""},
		"a thirteenth month":            {about("period.closed", `{"year":2023,"month":13}`), invalid, events.ReasonFieldInvalid, "/data/month", "want=a month from 1 to 12"},
		"a year in a string":            {about("year.opened", `{"year":"2023","date":"2023-01-01"}`), invalid, events.ReasonFieldInvalid, "/data/year", "want=a whole number"},
		"a year with a fraction":        {about("year.opened", `{"year":2023.0,"date":"2023-01-01"}`), invalid, events.ReasonFieldInvalid, "/data/year", "want=a whole number"},
		"a year before all books":       {about("year.opened", `{"year":1949,"date":"2023-01-01"}`), invalid, events.ReasonFieldInvalid, "/data/year", "want=a year from 1950 to 2199"},
		"a parent that is a number":     {about("unit.registered", `{"name":"局","parent":1}`), invalid, events.ReasonFieldInvalid, "/data/parent", "want=a string or null"},
		"an unknown fund": {about("line.opened", `{"year":2023,"unit":"U","project":"P","fund":"gold","vintage":2023,"function_class":"215","economic_class":"302"}`),
			invalid, events.ReasonFieldInvalid, "/data/fund", "want=one of general_public, government_fund, state_capital, social_insurance, special_account, unit_funds"},
		"a vintage of next year": {about("line.opened", `{"year":2023,"unit":"U","project":"P","fund":"unit_funds","vintage":2024,"function_class":"215","economic_class":"302"}`),
			invalid, events.ReasonVintageAfterYear, "/data/vintage", "vintage=2024"},
		"a goal of a line":          {about("goal.set", `{"about":"line","year":2023,"date":"2023-01-01","goal":"x"}`), invalid, events.ReasonFieldInvalid, "/data/about", "want=one of unit, project"},
		"a correction of nothing":   {about("disbursement.corrected", `{"payment":"P-1","date":"2023-10-31","reason":"x"}`), invalid, events.ReasonNothingToCorrect, "/data", ""},
		"a digest in capitals":      {about("form.issued", `{"about":"unit","year":2023,"date":"2023-12-31","template":"x","digest":"`+strings.Repeat("A", 64)+`","position":1}`), invalid, events.ReasonFieldInvalid, "/data/digest", ""},
		"the position of nothing":   {about("form.issued", `{"about":"unit","year":2023,"date":"2023-12-31","template":"x","digest":"`+strings.Repeat("a", 64)+`","position":0}`), invalid, events.ReasonFieldInvalid, "/data/position", ""},
		"points beyond a thousand":  {about("indicator.scored", `{"about":"unit","year":2023,"indicator":"I","date":"2023-12-31","score":"1000.1"}`), invalid, events.ReasonFieldInvalid, "/data/score", ""},
		"an answer that is no such": {about("alert.answered", `{"about":"line","alert":"A","answer":"wait","date":"2023-12-31","reason":"x"}`), invalid, events.ReasonFieldInvalid, "/data/answer", "want=one of continue, reallocate, cancel"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			event, err := events.Parse([]byte(test.raw))
			r := events.AsRefusal(err)
			if r == nil {
				t.Fatalf("got %+v, %v; want a refusal", event, err)
			}
			if r.Code != test.code || r.Reason != test.reason || r.Where != test.where {
				t.Errorf("got %s, %s at %q; want %s, %s at %q", r.Code, r.Reason, r.Where, test.code, test.reason, test.where)
			}
			if name, want, given := strings.Cut(test.params, "="); given && r.Params[name] != want {
				t.Errorf("parameter %s is %q, want %q", name, r.Params[name], want)
			}
			if !strings.HasPrefix(err.Error(), string(test.code)+": "+string(test.reason)) {
				t.Errorf("message %q does not start with its code and reason", err)
			}
		})
	}
}

func TestParseTakesLimitsAtTheirEdge(t *testing.T) {
	t.Parallel()
	x := func(n int) string { return `"` + strings.Repeat("x", n) + `"` }
	zh := func(n int) string { return `"` + strings.Repeat("文", n) + `"` }
	for name, raw := range map[string]string{
		"an id of 128":          paid("id", x(events.MaxID)),
		"a source of 128":       paid("source", x(events.MaxID)),
		"a subject of 64":       paid("subject", x(events.MaxCode)),
		"a code of 64":          paidWith("commitment", x(events.MaxCode)),
		"a text of 300":         paidWith("document", zh(events.MaxText)),
		"a note of 2000":        paidWith("purpose", zh(events.MaxNote)),
		"the largest amount":    amount(`"100000000000000.00"`),
		"the smallest amount":   amount(`"0.01"`),
		"an extension of 20":    paid(strings.Repeat("x", 20), "true"),
		"the largest extension": paid("n", "2147483647"),
		"absent as null":        paid("time", "null", "datacontenttype", "null", "dataschema", "null", "batch", "null"),
		"optional null":         paidWith("commitment", "null"),
	} {
		if _, err := events.Parse([]byte(raw)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParseReadsTheEnvelope(t *testing.T) {
	t.Parallel()
	event, err := events.Parse([]byte(paid("time", `"2023-10-31T09:00:00+08:00"`, "batch", `"七"`)))
	must(t, err)
	want := events.DisbursementPaid{Amount: yuan(t, "411400.00"), Date: day(t, "2023-10-31"), Document: "凭证 231"}
	if diff := cmp.Diff(events.Data(want), event.Data); diff != "" {
		t.Errorf("data (-want +got):\n%s", diff)
	}
	if event.ID != "P-1" || event.Source != "/finance" || event.Subject != "L1" || event.Type.Noun() != "disbursement.paid" || event.About() != events.OfLine {
		t.Errorf("envelope %+v", event)
	}
	if got := event.Time.UTC().String(); got != "2023-10-31 01:00:00 +0000 UTC" {
		t.Errorf("time %s", got)
	}
	if date, ok := event.On(); !ok || date != want.Date {
		t.Errorf("business date %v, %v", date, ok)
	}
	if event.Sequence != 0 {
		t.Errorf("sequence %d before it is recorded", event.Sequence)
	}
}
