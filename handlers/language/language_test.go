package language_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/alert"
	"github.com/outturn/outturn/events/budget"
	"github.com/outturn/outturn/events/money"
	"github.com/outturn/outturn/handlers/language"
	"github.com/outturn/outturn/handlers/notify"
	"github.com/outturn/outturn/projections/forms"
	"github.com/outturn/outturn/projections/pace"
)

// catalogue reads a language's texts; those with a plural are joined.
func catalogue(t *testing.T, tag language.Tag) map[string]string {
	t.Helper()
	files, err := filepath.Glob("catalogue/*." + string(tag) + ".json")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d catalogues: %v", len(files), err)
	}
	texts := make(map[string]string)
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var messages map[string]any
		if err := json.Unmarshal(raw, &messages); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for id, message := range messages {
			if _, twice := texts[id]; twice {
				t.Errorf("%s stands in two catalogues of %s", id, tag)
			}
			switch m := message.(type) {
			case string:
				texts[id] = m
			case map[string]any:
				texts[id] = m["one"].(string) + m["other"].(string)
			}
		}
	}
	return texts
}

var blank = regexp.MustCompile(`\.([a-z_]+)`)
var action = regexp.MustCompile(`\{\{[^}]*\}\}`)

// blanks are the parameters that a text names.
func blanks(text string) []string {
	var names []string
	for _, found := range action.FindAllString(text, -1) {
		for _, name := range blank.FindAllStringSubmatch(found, -1) {
			names = append(names, name[1])
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func TestCataloguesSayTheSame(t *testing.T) {
	t.Parallel()
	zh, en := catalogue(t, language.Chinese), catalogue(t, language.English)
	for id, text := range zh {
		if _, ok := en[id]; !ok {
			t.Errorf("%s is not in the English catalogue", id)
		} else if !slices.Equal(blanks(text), blanks(en[id])) {
			t.Errorf("%s has the blanks %v in Chinese and %v in English", id, blanks(text), blanks(en[id]))
		}
		if strings.TrimSpace(text) == "" || strings.TrimSpace(en[id]) == "" {
			t.Errorf("%s is empty", id)
		}
	}
	for id := range en {
		if _, ok := zh[id]; !ok {
			t.Errorf("%s is not in the Chinese catalogue", id)
		}
	}
}

// constants reads the constants of a type from Go source, with the parameters
// that the comment behind each names.
func constants(t *testing.T, file, kind string) map[string][]string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string][]string)
	ast.Inspect(parsed, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 || !isType(spec.Type, kind) {
			return true
		}
		literal, ok := spec.Values[0].(*ast.BasicLit)
		if !ok {
			return true
		}
		value, err := strconv.Unquote(literal.Value)
		if err != nil {
			t.Fatal(err)
		}
		found[value] = strings.FieldsFunc(spec.Comment.Text(), func(r rune) bool { return strings.ContainsRune(", :\n", r) })
		return true
	})
	return found
}

func isType(expression ast.Expr, kind string) bool {
	switch e := expression.(type) {
	case *ast.Ident:
		return e.Name == kind
	case *ast.SelectorExpr:
		return e.Sel.Name == kind
	}
	return false
}

// sources are the files that define codes and reasons.
var sources = []string{"../../events/refusal.go", "../../events/access/refusal.go", "../../events/alert/refusal.go", "../../events/review/refusal.go", "../../projections/pace/refusal.go", "../auth/refusal.go", "../auth/oidc/refusal.go", "../api/problem.go", "../reach/reach.go", "../commands/stage.go", "../commands/refusal.go", "../formimport/read.go", "../intake/problem.go", "../web/audit.go"}

// edgeCodes are codes that a middleware may answer with.
var edgeCodes = []string{"forbidden", "rate_limited"}

func TestEveryReasonHasASentenceWithItsParameters(t *testing.T) {
	t.Parallel()
	reasons := make(map[string][]string)
	for _, file := range sources {
		maps.Copy(reasons, constants(t, file, "Reason"))
	}
	if len(reasons) < 60 {
		t.Fatalf("only %d reasons were found in the source", len(reasons))
	}
	for _, tag := range language.Tags() {
		texts := catalogue(t, tag)
		for reason, params := range reasons {
			text, ok := texts["reason."+reason]
			if !ok {
				t.Errorf("%s: the reason %s has no text", tag, reason)
			}
			for _, name := range blanks(text) {
				if !slices.Contains(params, name) {
					t.Errorf("%s: the text of %s names %q; the reason has %v", tag, reason, name, params)
				}
			}
		}
	}
}

// members are the names of everything in events' data.
func members(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../../events/*_*.go")
	if err != nil {
		t.Fatal(err)
	}
	tag := regexp.MustCompile("`json:\"([a-z0-9_]+)")
	var names []string
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range tag.FindAllStringSubmatch(string(source), -1) {
			names = append(names, found[1])
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// needed are the ids that the domain asks for.
func needed(t *testing.T) map[string]bool {
	t.Helper()
	ids := map[string]bool{"refusal.where": true}
	for _, file := range sources {
		for code := range constants(t, file, "Code") {
			ids["code."+code] = true
		}
		for reason := range constants(t, file, "Reason") {
			ids["reason."+reason] = true
		}
	}
	for _, code := range edgeCodes {
		ids["code."+code] = true
	}
	for _, definition := range events.Definitions() {
		ids["type."+definition.Type.Noun()] = true
	}
	for _, measure := range budget.Measures() {
		ids["measure."+measure.String()] = true
	}
	for _, fund := range events.Funds() {
		ids["fund."+string(fund)] = true
	}
	for _, kind := range events.ProjectKinds() {
		ids["kind."+string(kind)] = true
	}
	maps.Copy(ids, idsOf("role.", events.Roles()))
	maps.Copy(ids, idsOf("method.", events.SignInMethods()))
	maps.Copy(ids, idsOf("availability.", events.Availabilities()))
	maps.Copy(ids, idsOf("pool.", events.Pools()))
	maps.Copy(ids, idsOf("planlimit.", events.PlanLimits()))
	maps.Copy(ids, idsOf("curve.", events.Curves()))
	maps.Copy(ids, idsOf("status.", pace.Statuses()))
	maps.Copy(ids, idsOf("answer.", events.Answers()))
	maps.Copy(ids, idsOf("stage.", alert.Stages()))
	maps.Copy(ids, idsOf("mail.", notify.Kinds()))
	for _, source := range []string{"current_appropriation", "carryover", "other"} {
		ids["source."+source] = true
	}
	for _, name := range members(t) {
		ids["member."+name] = true
	}
	for _, id := range neededByForms(t) {
		ids[id] = true
	}
	return ids
}

// idsOf are the ids of the words of one kind.
func idsOf[T ~string](prefix string, words []T) map[string]bool {
	ids := make(map[string]bool)
	for _, word := range words {
		ids[prefix+string(word)] = true
	}
	return ids
}

// cells are the kinds of cells of a form, as forms.Cell names them without rows,
// and the places beside them that an audit names.
var (
	cells = []string{
		"funds.initial", "funds.full_year", "funds.executed", "funds.adjustment", "funds.unspent", "funds.rate", "funds.rate_initial",
		"execution.weight", "execution.rate", "execution.score", "rate_initial.rate_initial",
		"indicators.weight", "indicators.score", "indicators.coefficient", "indicators.target", "indicators.actual", "indicators.note",
		"goal.expected", "goal.actual", "total.weight", "total.score", "total.grade",
	}
	places = []string{
		"income.income", "income.general_public_budget", "income.government_fund", "income.special_account_nontax", "income.other",
		"spending.spending", "spending.basic", "spending.project", "indicators.indicators", "goal.goal", "filled_on.filled_on", "signature.signature",
	}
)

// neededByForms are the ids that forms, their exports and their audit ask for.
func neededByForms(t *testing.T) []string {
	t.Helper()
	var ids []string
	for _, cell := range cells {
		ids = append(ids, "cellname."+cell)
		if cell != "indicators.score" { // by hand or by the rule
			ids = append(ids, "how."+cell)
		}
	}
	for _, place := range places {
		ids = append(ids, "cellname."+place)
	}
	for _, row := range append(forms.Sources(), "total") {
		ids = append(ids, "fundrow."+row)
	}
	for file, kinds := range map[string][2]string{
		"../../projections/forms/form.go": {"WarningCode", "warning."}, "../../events/money/ratio.go": {"Rounding", "rounding."},
		"../formimport/report.go": {"Why", "unread."}, "../exports/format.go": {"Format", "format."}, "../audit/report.go": {"Severity", "severity."},
	} {
		found := constants(t, file, kinds[0])
		if len(found) < 3 {
			t.Fatalf("%s has %d constants of %s", file, len(found), kinds[0])
		}
		for name := range found {
			ids = append(ids, kinds[1]+name)
		}
	}
	for kind := range constants(t, "../formimport/read.go", "Kind") {
		ids = append(ids, "kindof."+kind)
	}
	return append(ids, "kindof.json")
}

func TestEveryIDIsUsedAndThere(t *testing.T) {
	t.Parallel()
	texts, ids, source := catalogue(t, language.Chinese), needed(t), programText(t)
	for id := range ids {
		if _, ok := texts[id]; !ok {
			t.Errorf("%s is asked for and not in the catalogue", id)
		}
	}
	for id := range texts {
		if !ids[id] && !usedIn(source, id) {
			t.Errorf("%s is in the catalogue and nothing asks for it", id)
		}
	}
	for _, call := range regexp.MustCompile(`\.Text\(? ?"([a-z0-9_.]+)"[^+]`).FindAllStringSubmatch(source, -1) {
		if _, ok := texts[call[1]]; !ok && !strings.HasSuffix(call[1], ".") {
			t.Errorf("%s is asked for and not in the catalogue", call[1])
		}
	}
}

// usedIn finds an id as a literal, or its beginning as a literal that a name is
// added to: "column." + key.
func usedIn(source, id string) bool {
	if strings.Contains(source, strconv.Quote(id)) || strings.Contains(source, strconv.Quote(id)[1:]) && strings.Contains(source, `"`+id) {
		return true
	}
	for prefix := id; ; {
		dot := strings.LastIndex(strings.TrimSuffix(prefix, "."), ".")
		if dot < 0 {
			return false
		}
		prefix = id[:dot+1]
		name := id[dot+1:]
		if strings.Contains(source, `"`+prefix+`" + `) && strings.Contains(source, `"`+name+`"`) {
			return true
		}
	}
}

// programText is the source of what uses the catalogue.
func programText(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, pattern := range []string{"*.go", "../web/*.go", "../api/*.go", "../reach/*.go", "../intake/*.go", "../notify/*.go", "../watch/*.go", "../../cmd/outturn/*.go", "../web/templates/*.html", "../../projections/contract.go", "../snapshots/problem.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			all.Write(source)
		}
	}
	return all.String()
}

func TestChineseTypesAreThoseOfTheRegistry(t *testing.T) {
	t.Parallel()
	texts := catalogue(t, language.Chinese)
	for _, definition := range events.Definitions() {
		if got := texts["type."+definition.Type.Noun()]; got != definition.Zh {
			t.Errorf("%s is %q in the catalogue and %q in the registry", definition.Type, got, definition.Zh)
		}
	}
}

func TestTheRequestPicksTheLanguage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		query, cookie, accepts string
		want                   language.Tag
	}{
		"nothing asked":               {want: language.Chinese},
		"the address wins":            {query: "?lang=en", cookie: "zh-CN", accepts: "zh-CN", want: language.English},
		"then the cookie":             {cookie: "en", accepts: "zh-CN", want: language.English},
		"then the browser":            {accepts: "fr, en-GB;q=0.8, zh;q=0.5", want: language.English},
		"another Chinese":             {accepts: "zh-TW", want: language.Chinese},
		"a language that is not here": {accepts: "fr", want: language.Chinese},
		"a word that is no language":  {query: "?lang=%22%3E", cookie: "??", accepts: ";;", want: language.Chinese},
		"a region of English":         {query: "?lang=en-US", want: language.English},
	} {
		r := httptest.NewRequest(http.MethodGet, "/"+c.query, nil)
		if c.cookie != "" {
			r.AddCookie(&http.Cookie{Name: "outturn_lang", Value: c.cookie})
		}
		r.Header.Set("Accept-Language", c.accepts)
		if got := language.Of(r).Tag(); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestOnlyTheAddressIsRemembered(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]int{"": 0, "?lang=en": 1, "?lang=xx": 0} {
		w := httptest.NewRecorder()
		language.Remember(w, httptest.NewRequest(http.MethodGet, "/"+query, nil))
		if got := len(w.Result().Cookies()); got != want {
			t.Errorf("%q sets %d cookies, want %d", query, got, want)
		}
	}
}

func TestRefusalsAreSentences(t *testing.T) {
	t.Parallel()
	short := events.Refuse(events.CodeInsufficientFunds, events.ReasonInsufficientFunds, "/data/amount",
		"line", "L1", "available", "1234567.80", "asked", "2000000.00", "missing", "765432.20")
	for tag, want := range map[language.Tag]string{
		language.Chinese: "预算指标 L1 可用余额 1,234,567.80 元，本次需要 2,000,000.00 元，还差 765,432.20 元。请减少金额，或先追加、调剂预算。（位置：/data/amount）",
		language.English: "Line L1 has 1,234,567.80 yuan available; 2,000,000.00 yuan is asked, 765,432.20 yuan too much. Lower the amount, or supplement or transfer budget first. (At /data/amount.)",
	} {
		if got := language.In(tag).Refusal(short); got != want {
			t.Errorf("%s: %s\nwant %s", tag, got, want)
		}
	}
	near := events.Refuse(events.CodeInvalidEvent, events.ReasonFieldUnknown, "", "field", "Amount", "nearest", "amount")
	if got, want := language.In(language.English).Refusal(near), `This type of event has no field "Amount". Did you mean "amount"?`; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	bare := events.Refuse("projection_behind", "projection_behind", "")
	if got := language.In(language.English).Refusal(bare); strings.Contains(got, "no value") {
		t.Errorf("a parameter that is not there shows: %s", got)
	}
}

func TestWantsAreSaidInTheLanguage(t *testing.T) {
	t.Parallel()
	for phrase, want := range map[string]string{
		"a code: 1 to 64 of A-Z a-z 0-9 _ -":          "1 至 64 位的编码，只用 A-Z a-z 0-9 _ -",
		"one of general_public, unit_funds":           "以下之一：general_public、unit_funds",
		"3 or 5 or 7 digits":                          "3 或 5 或 7 位数字",
		"a fiscal year is a whole number from 1 to 9": "1 至 9 的年份",
		`"1.0"`: `"1.0"`,
	} {
		if got := language.In(language.Chinese).Want(phrase); got != want {
			t.Errorf("%q is %q, want %q", phrase, got, want)
		}
	}
	in := language.In(language.English)
	for _, phrase := range []string{"1 to 300 characters on one line", "a year from 1950 to 2199", "3 or 5 digits", "a string or null"} {
		if got := in.Want(phrase); got != phrase {
			t.Errorf("in English %q becomes %q", phrase, got)
		}
	}
}

func TestEveryWantOfTheDomainIsKnown(t *testing.T) {
	t.Parallel()
	zh := language.In(language.Chinese)
	for _, raw := range []string{
		`{"specversion":"1.0","id":"","source":"s","type":"t","subject":"s","data":{}}`,
		`{"specversion":"1.0","id":"1","source":" ","type":"t","subject":"s","data":{}}`,
		`{"specversion":"1.0","id":"1","source":"s","type":"t","subject":"我","data":{}}`,
		`{"specversion":"1.0","id":"1","source":"s","type":"t","subject":"s","time":"x","data":{}}`,
		`{"specversion":"1.0","id":"1","source":"s","type":"t","subject":"s","Ext":"x","data":{}}`,
		`{"specversion":"1.0","id":"1","source":"s","type":"outturn.unit.registered.v1","subject":"s","data":{"name":7}}`,
		`{"specversion":"1.0","id":"1","source":"s","type":"outturn.unit.registered.v1","subject":"s","data":{"name":"n","parent":7}}`,
		`{"specversion":"1.0","id":"1","source":"s","type":"outturn.unit.registered.v1","subject":"s","data":{"name":"n\nm"}}`,
		`{"specversion":"1.0","id":"1","source":"s","type":"outturn.period.closed.v1","subject":"s","data":{"year":2023,"month":13}}`,
		`{"specversion":"1.0","id":"1","source":"s","type":"outturn.period.closed.v1","subject":"s","data":{"year":1,"month":1}}`,
		`{"specversion":"1.0","id":"1","source":"s","type":"outturn.period.closed.v1","subject":"s","data":{"year":"2023","month":1}}`,
		`{"specversion":"1.0","id":"1","source":"s","type":"outturn.review.set.v1","subject":"s","data":{"review":"r","types":[],"over":"0","date":"2023-01-01"}}`,
		`{"specversion":"1.0","id":"1","source":"s","type":"outturn.review.set.v1","subject":"s","data":{"review":"r","types":7,"over":"0","date":"2023-01-01"}}`,
		`{"specversion":"1.0","id":"1","source":"s","type":"outturn.proposal.made.v1","subject":"s","data":{"about":"unit","proposal":"p","review":"r","event":{}}}`,
	} {
		_, err := events.Parse([]byte(raw))
		refusal := events.AsRefusal(err)
		if refusal == nil || refusal.Params["want"] == "" {
			t.Errorf("%s is refused with %v, want a refusal that says what it should be", raw, err)
			continue
		}
		if want := refusal.Params["want"]; zh.Want(want) == want {
			t.Errorf("%q is not said in Chinese", want)
		}
	}
}

func TestNumbersArePrintedForPeople(t *testing.T) {
	t.Parallel()
	p := language.In(language.English)
	for _, c := range []struct{ got, want string }{
		{language.Group("-1234567.50"), "−1,234,567.50"},
		{language.Group("999"), "999"},
		{language.Group("1000"), "1,000"},
		{p.Money(337159_0000, money.Wan), "3,371.59"},
		{p.Money(-5, money.Yuan), "−0.05"},
		{p.Percent(money.Ratio{Num: 4114, Den: 8000}), "51.43%"},
		{p.Text("postings.caption", "count", 1), "1 posting, newest first"},
		{p.Text("postings.caption", "count", 1200), "1,200 postings, newest first"},
		{p.Text("no.such.id"), "no.such.id"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

func TestChineseNamesAreOrderedByPinyin(t *testing.T) {
	t.Parallel()
	names := []string{"张", "阿", "李", "财"}
	collator := language.In(language.Chinese).Collator()
	slices.SortFunc(names, collator.CompareString)
	if want := []string{"阿", "财", "李", "张"}; !reflect.DeepEqual(names, want) {
		t.Errorf("%v, want %v", names, want)
	}
}
