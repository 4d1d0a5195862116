package audit_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/outturn/outturn/handlers/audit"
	"github.com/outturn/outturn/handlers/language"
)

var update = flag.Bool("update", false, "write docs/audit-rules.md")

func catalogue(t *testing.T, tag language.Tag) map[string]map[string]string {
	t.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("catalogue/%s.json", tag))
	if err != nil {
		t.Fatal(err)
	}
	var texts map[string]map[string]string
	if err := json.Unmarshal(raw, &texts); err != nil {
		t.Fatal(err)
	}
	return texts
}

func TestCataloguesAreComplete(t *testing.T) {
	t.Parallel()
	zh, en := catalogue(t, language.Chinese), catalogue(t, language.English)
	placeholder := regexp.MustCompile(`\{[a-zA-Z]+\}`)
	for _, rule := range audit.Rules() {
		for _, name := range []string{"title", "why", "example", "source"} {
			if zh[rule.Name][name] == "" || en[rule.Name][name] == "" {
				t.Errorf("%s has no %s in one of the languages", rule.Name, name)
			}
		}
		if len(zh[rule.Name]) < 5 || len(zh[rule.Name]) != len(en[rule.Name]) {
			t.Errorf("%s: %d texts in zh-CN, %d in en", rule.Name, len(zh[rule.Name]), len(en[rule.Name]))
		}
		for name, text := range zh[rule.Name] {
			in, other := placeholder.FindAllString(text, -1), placeholder.FindAllString(en[rule.Name][name], -1)
			slices.Sort(in)
			slices.Sort(other)
			if in, other := slices.Compact(in), slices.Compact(other); !slices.Equal(in, other) {
				t.Errorf("%s.%s: zh-CN fills %v, en fills %v", rule.Name, name, in, other)
			}
		}
	}
	if len(zh) != len(audit.Rules())+1 || len(en) != len(zh) {
		t.Errorf("%d rules, %d entries in zh-CN, %d in en", len(audit.Rules()), len(zh), len(en))
	}
}

// TestEveryTextIsUsed: a text that no code names would never be shown, and a
// name without a text would stop the audit.
func TestEveryTextIsUsed(t *testing.T) {
	t.Parallel()
	var code strings.Builder
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if strings.HasSuffix(entry.Name(), ".go") && !strings.HasSuffix(entry.Name(), "_test.go") {
			raw, err := os.ReadFile(entry.Name())
			if err != nil {
				t.Fatal(err)
			}
			code.Write(raw)
		}
	}
	for rule, texts := range catalogue(t, language.Chinese) {
		for name := range texts {
			if !strings.Contains(code.String(), `"`+name+`"`) && !strings.Contains(code.String(), `".`+name+`"`) {
				t.Errorf("no code says %s.%s", rule, name)
			}
		}
	}
}

func TestEnglishFindingsAreInEnglish(t *testing.T) {
	t.Parallel()
	declared := audit.Declared{Forms: []audit.Form{department(), correct()}}
	declared.Forms[1].Funds[1].FullYear = text("")
	declared.Forms[1].Execution.Score = text("9")
	for _, f := range audit.Run(declared, audit.Options{Language: language.English}).Findings {
		if strings.ContainsAny(f.Message, "，。") {
			t.Errorf("%s: %s", f.Rule, f.Message)
		}
	}
	if audit.Run(declared, audit.Options{Language: "fr"}).Findings[0].Message != audit.Run(declared, audit.Options{}).Findings[0].Message {
		t.Error("an unknown language is not answered in zh-CN")
	}
}

func TestReportHasTheDeclaredShape(t *testing.T) {
	t.Parallel()
	declared := audit.Declared{Forms: []audit.Form{correct()}}
	declared.Forms[0].Execution.Score = text("9")
	raw, err := json.Marshal(audit.Run(declared, audit.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`^\{"forms":1,"findings":\[\{"rule":"[A-Z-]+","severity":"[a-z]+","form":"p1","where":"[a-z0-9._\[\]]+","printed":"[^"]*","derived":"[^"]*","message":"[^"]+"\}`).Match(raw) {
		t.Errorf("%s", raw)
	}
	empty, err := json.Marshal(audit.Run(audit.Declared{}, audit.Options{}))
	if err != nil || string(empty) != `{"forms":0,"findings":[],"checked":[]}` {
		t.Errorf("%s %v", empty, err)
	}
}

const docs = "../../docs/audit-rules.md"

// TestRulesAreDocumented holds docs/audit-rules.md to the rules; with -update it
// writes the page.
func TestRulesAreDocumented(t *testing.T) {
	t.Parallel()
	want := page()
	if *update {
		if err := os.WriteFile(docs, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(docs)
	if err != nil || string(got) != want {
		t.Errorf("docs/audit-rules.md is not what the rules say: run go test ./handlers/audit -update (%v)", err)
	}
}

func page() string {
	var b strings.Builder
	b.WriteString("# Rules of the audit\n\nWritten from the rules themselves by `go test ./handlers/audit -update`; do not edit.\n\n" +
		"`outturn audit` and `POST /v1/audit` hold forms that somebody typed against these rules. Arithmetic is exact; a cell that cannot be read is left " +
		"alone; nothing is said of sums whose cells are not there. Cases F01 to F41 are what people found by reading the published report of " +
		"`examples/yueyang-2023`; `handlers/audit/yueyang_test.go` shows what the rules find in it.\n\n" +
		"| severity | meaning |\n|---|---|\n| `error` | cannot be true |\n| `conflict` | two places disagree: a document must decide |\n" +
		"| `scoring` | not scored by the rule |\n| `info` | worth a look |\n\n| rule | severities | what |\n|---|---|---|\n")
	for _, rule := range audit.Rules() {
		fmt.Fprintf(&b, "| [%s](#%s) | %s | %s · %s |\n", rule.Name, strings.ToLower(rule.Name), severities(rule), rule.Title(language.English), rule.Title(language.Chinese))
	}
	for _, rule := range audit.Rules() {
		fmt.Fprintf(&b, "\n## %s\n\n%s · %s (%s)\n", rule.Name, rule.Title(language.English), rule.Title(language.Chinese), severities(rule))
		for _, tag := range []language.Tag{language.English, language.Chinese} {
			word := map[language.Tag][2]string{language.English: {"Example", "Source"}, language.Chinese: {"例", "依据"}}[tag]
			fmt.Fprintf(&b, "\n%s\n\n- %s: %s\n- %s: %s\n", rule.Explanation(tag), word[0], rule.Example(tag), word[1], rule.Source(tag))
		}
	}
	return b.String()
}

func severities(rule audit.Rule) string {
	names := make([]string, len(rule.Severities))
	for i, severity := range rule.Severities {
		names[i] = "`" + string(severity) + "`"
	}
	return strings.Join(names, ", ")
}
