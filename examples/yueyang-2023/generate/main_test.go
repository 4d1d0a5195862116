package main

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestCommittedEventsAreThoseOfTheForms(t *testing.T) {
	t.Parallel()
	forms, err := os.ReadFile("../" + formsFile)
	if err != nil {
		t.Fatal(err)
	}
	want, err := generate(forms)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../" + eventsFile)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(got, want) {
		return
	}
	gotLines, wantLines := bytes.Split(got, []byte("\n")), bytes.Split(want, []byte("\n"))
	for i := range min(len(gotLines), len(wantLines)) {
		if !bytes.Equal(gotLines[i], wantLines[i]) {
			t.Fatalf("%s, line %d:\n got %s\nwant %s\nrun: go generate ./examples", eventsFile, i+1, gotLines[i], wantLines[i])
		}
	}
	t.Fatalf("%s has %d lines, want %d; run: go generate ./examples", eventsFile, len(gotLines), len(wantLines))
}

func TestParseWanIsExact(t *testing.T) {
	t.Parallel()
	for cell, want := range map[string]fen{
		"":         0,
		"0":        0,
		"155":      155_000000,
		"41.14":    41_140000,
		"26.9":     26_900000,
		"207.4538": 207_453800,
		"0.000001": 1,
	} {
		if got, err := parseWan(cell); err != nil || got != want {
			t.Errorf("parseWan(%q) = %d, %v; want %d", cell, got, err, want)
		}
	}
}

func TestParseWanRefusesWhatIsNotAnAmount(t *testing.T) {
	t.Parallel()
	for _, cell := range []string{"-1", "+1", "1.", ".5", "1e3", " 1", "1,000", "0.0000001", "—", "１", "99999999999999999999"} {
		if got, err := parseWan(cell); err == nil {
			t.Errorf("parseWan(%q) = %d, want an error", cell, got)
		}
	}
}

func TestShareGivesTheLargestRemaindersTheLastFen(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		total         fen
		weights, want []fen
	}{
		"even":                   {100, []fen{1, 1}, []fen{50, 50}},
		"tie goes to the first":  {100, []fen{1, 1, 1}, []fen{34, 33, 33}},
		"remainder goes to last": {10, []fen{33, 33, 34}, []fen{3, 3, 4}},
		"nothing to share":       {0, []fen{1, 2}, []fen{0, 0}},
		"product beyond int64":   {4_000_000_000_000, []fen{3_000_000_000_000, 1_000_000_000_000}, []fen{3_000_000_000_000, 1_000_000_000_000}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := share(test.total, test.weights); !slices.Equal(got, test.want) {
				t.Errorf("share(%d, %d) = %d, want %d", test.total, test.weights, got, test.want)
			}
		})
	}
}

func TestFormsThatCannotBeDividedAreRefused(t *testing.T) {
	t.Parallel()
	forms, err := os.ReadFile("../" + formsFile)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct{ old, new, want string }{
		"amount is a word":    {`"41.14"`, `"约41"`, "约41"},
		"form is missing":     {`"kind": "department"`, `"kind": "project"`, "department's form"},
		"two rows have money": {`"full_year": "0"`, `"full_year": "1"`, "two rows"},
		"not JSON":            {`"forms"`, `forms`, "invalid character"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			broken := strings.ReplaceAll(string(forms), test.old, test.new)
			if _, err := generate([]byte(broken)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error = %v, want one that names %q", err, test.want)
			}
		})
	}
}
