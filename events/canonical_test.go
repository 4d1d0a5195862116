package events_test

import (
	"strings"
	"testing"

	"github.com/outturn/outturn/events"
)

func TestCanonical(t *testing.T) {
	t.Parallel()
	nested := func(open, inner, shut string, depth int) string {
		return strings.Repeat(open, depth) + inner + strings.Repeat(shut, depth)
	}
	tests := map[string]struct{ raw, want string }{
		"white space goes":               {" { \"b\" : [ 1 , true , null ] ,\r\n\t\"a\" : { } } \n", `{"a":{},"b":[1,true,null]}`},
		"keys are sorted at every level": {`{"b":{"d":1,"c":2},"a":[{"z":1,"y":2}]}`, `{"a":[{"y":2,"z":1}],"b":{"c":2,"d":1}}`},
		// RFC 8785, section 3.2.3: the order is that of UTF-16 code units, so
		// the emoji (U+1F600, D83D DE00) stands before U+FB33.
		"keys are sorted by UTF-16": {
			`{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}`,
			"{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u0080\":\"Control\",\"ö\":\"Latin Small Letter O With Diaeresis\",\"€\":\"Euro Sign\",\"😀\":\"Emoji: Grinning Face\",\"\ufb33\":\"Hebrew Letter Dalet With Dagesh\"}",
		},
		"a prefix stands first": {`{"ab":1,"":0,"a":2}`, `{"":0,"a":2,"ab":1}`},
		// RFC 8785, section 3.2.2.
		"strings have the fewest escapes": {`"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/"`, `"€$\u000f\nA'B\"\\\\\"/"`},
		"control characters":              {`"\u0000\u0008\u0009\u000a\u000b\u000c\u000d\u001f\u007f"`, "\"\\u0000\\b\\t\\n\\u000b\\f\\r\\u001f\u007f\""},
		"HTML is left alone":              {`"<a href='x'>&\u2028</a>"`, "\"<a href='x'>&\u2028</a>\""},
		"a surrogate pair":                {`"\ud83d\ude00 \uD83D\uDE00"`, `"😀 😀"`},
		"an escaped backslash before u":   {`"\\ud800"`, `"\\ud800"`},
		"numbers keep their literal":      {`[1,-0,1.50,1E+2,12345678901234567890]`, `[1,-0,1.50,1E+2,12345678901234567890]`},
		"a scalar":                        {`true`, `true`},
		"as deep as may be":               {nested("[", "1", "]", events.MaxDepth), nested("[", "1", "]", events.MaxDepth)},
		"objects as deep as may be":       {nested(`{"a":`, "1", "}", events.MaxDepth), nested(`{"a":`, "1", "}", events.MaxDepth)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := events.Canonical([]byte(test.raw))
			must(t, err)
			if string(got) != test.want {
				t.Fatalf("got  %s\nwant %s", got, test.want)
			}
			again, err := events.Canonical(got)
			must(t, err)
			if string(again) != test.want {
				t.Errorf("a second time it gives %s", again)
			}
		})
	}
}

func TestCanonicalRefuses(t *testing.T) {
	t.Parallel()
	deep := events.MaxDepth + 1
	tests := map[string]struct {
		raw    string
		reason events.Reason
	}{
		"nothing":                       {"", events.ReasonJSONSyntax},
		"invalid UTF-8":                 {"{\"a\":\"\xff\"}", events.ReasonNotUTF8},
		"a surrogate in UTF-8":          {"\"\xed\xa0\x80\"", events.ReasonNotUTF8},
		"a byte order mark":             {"\ufeff{}", events.ReasonJSONSyntax},
		"the high half of a pair":       {`{"a":"\ud83d"}`, events.ReasonJSONSyntax},
		"the low half of a pair":        {`{"a":"\uDE00"}`, events.ReasonJSONSyntax},
		"a pair the wrong way round":    {`"\ude00\ud83d"`, events.ReasonJSONSyntax},
		"a half before a whole pair":    {`"\ud83d\ud83d\ude00"`, events.ReasonJSONSyntax},
		"a half after a backslash":      {`"\\\ud83d"`, events.ReasonJSONSyntax},
		"a half in a key":               {`{"\ud83d":1}`, events.ReasonJSONSyntax},
		"a key given twice":             {`{"a":1,"a":1}`, events.ReasonJSONDuplicateKey},
		"a key given twice, escaped":    {`{"a":1,"\u0061":2}`, events.ReasonJSONDuplicateKey},
		"a key given twice, inside":     {`{"x":[{"a":1,"b":2,"a":3}]}`, events.ReasonJSONDuplicateKey},
		"text after the value":          {`{} x`, events.ReasonJSONSyntax},
		"a second value":                {`{}{}`, events.ReasonJSONSyntax},
		"a closing bracket after it":    {`{}]`, events.ReasonJSONSyntax},
		"a comma at the end of a list":  {`[1,]`, events.ReasonJSONSyntax},
		"a comma at the end":            {`{"a":1,}`, events.ReasonJSONSyntax},
		"no comma":                      {`[1 2]`, events.ReasonJSONSyntax},
		"no colon":                      {`{"a" 1}`, events.ReasonJSONSyntax},
		"a key that is a number":        {`{1:1}`, events.ReasonJSONSyntax},
		"the wrong bracket":             {`[1}`, events.ReasonJSONSyntax},
		"an end too soon":               {`{"a":[1`, events.ReasonJSONSyntax},
		"a leading zero":                {`[01]`, events.ReasonJSONSyntax},
		"a plus sign":                   {`[+1]`, events.ReasonJSONSyntax},
		"not a number":                  {`[NaN]`, events.ReasonJSONSyntax},
		"a comment":                     {`{/* */}`, events.ReasonJSONSyntax},
		"single quotes":                 {`{'a':1}`, events.ReasonJSONSyntax},
		"a raw line break in a string":  {"\"a\nb\"", events.ReasonJSONSyntax},
		"an unknown escape":             {`"\x41"`, events.ReasonJSONSyntax},
		"arrays much too deep":          {strings.Repeat("[", 1000) + strings.Repeat("]", 1000), events.ReasonJSONTooDeep},
		"arrays too deep":               {strings.Repeat("[", deep) + "1" + strings.Repeat("]", deep), events.ReasonJSONTooDeep},
		"objects too deep":              {strings.Repeat(`{"a":`, deep) + "1" + strings.Repeat("}", deep), events.ReasonJSONTooDeep},
		"so deep that a stack runs out": {strings.Repeat("[", 1<<20), events.ReasonJSONSyntax},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := events.Canonical([]byte(test.raw))
			r := events.AsRefusal(err)
			if r == nil || r.Code != events.CodeInvalidEvent || r.Reason != test.reason {
				t.Fatalf("got %.60s, %v; want %s", got, err, test.reason)
			}
			if _, err := events.Parse([]byte(test.raw)); events.AsRefusal(err) == nil || events.AsRefusal(err).Reason != test.reason {
				t.Errorf("Parse says %v, want %s", err, test.reason)
			}
		})
	}
}
