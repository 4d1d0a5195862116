package snapshots_test

import (
	"archive/zip"
	"bytes"
	"crypto/ed25519"
	"fmt"
	"math/rand/v2"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/outturn/outturn/handlers/snapshots"
	"github.com/outturn/outturn/projections/forms"
)

// small is the smallest template of a department.
const small = `{"id": "small", "name": {"zh": "小", "en": "small"}, "kind": "department", "title": "{year}自评表",
	"money": {"unit": "元", "digits": 2, "rounding": "half_up"}, "rate": {"digits": 2, "rounding": "half_up"}, "trim_points": false,
	"marks": {"blank": "", "not_scored": "", "not_applicable": "不适用"}, "side": 10, "head": [],
	"funds": {"label": "资金", "width": 30, "rows": [{"row": "total", "label": "合计"}],
		"columns": [{"value": "full_year", "label": "全年", "width": 20}, {"value": "executed", "label": "执行", "width": 20}, {"value": "rate", "label": "率", "width": 20}]},
	"goal": {"label": "目标", "expected": "预期", "actual": "完成"},
	"indicators": {"columns": [{"value": "level3", "label": "指标", "width": 40}, {"value": "target", "label": "目标", "width": 30}, {"value": "actual", "label": "完成", "width": 30}]}}`

func smallSet(t failer) forms.Set {
	t.Helper()
	template, err := forms.LoadTemplate([]byte(small))
	if err != nil {
		t.Fatalf("%v", err)
	}
	return forms.Set{Department: template}
}

// smallBundle is a unit with one line and one payment.
func smallBundle(t *testing.T) []byte {
	t.Helper()
	var bundle []byte
	newDatabase(t).run(t, func(w *world) {
		w.post(t, "unit.registered", "U", object{"name": "局"})
		w.post(t, "project.registered", "P", object{"unit": "U", "year": 2023, "name": "项", "kind": "project"})
		w.post(t, "line.opened", "L", object{"year": 2023, "unit": "U", "project": "P", "fund": "general_public",
			"vintage": 2023, "function_class": "215", "economic_class": "302"})
		w.post(t, "budget.allocated", "L", object{"amount": "100.00", "date": "2023-01-05", "document": "1"})
		w.post(t, "disbursement.paid", "L", object{"amount": "50.00", "date": "2023-05-05", "document": "2"})
		_, snapshot := w.seal(t, "U", smallSet(t))
		bundle = snapshot.Bundle
	})
	mustBeWhole(t, bundle)
	return bundle
}

func TestABitFlippedAnywhereIsRefused(t *testing.T) {
	t.Parallel()
	bundle := smallBundle(t)
	var wait sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for worker := range workers {
		wait.Go(func() {
			flipped, random := slices.Clone(bundle), rand.New(rand.NewPCG(7, uint64(worker)))
			for i := worker; i < len(bundle); i += workers {
				bit := byte(1) << random.IntN(8)
				flipped[i] ^= bit
				if verify(flipped).Whole() {
					t.Errorf("byte %d of %d with bit %08b flipped passes", i, len(bundle), bit)
				}
				flipped[i] ^= bit
			}
		})
	}
	wait.Wait()
	t.Logf("%d bytes, a bit of each", len(bundle))
}

func TestAFlippedBitIsNamedByItsFile(t *testing.T) {
	t.Parallel()
	bundle := smallBundle(t)
	for path, data := range snapshots.Files(bundle) {
		at := bytes.Index(bundle, data)
		flipped := slices.Clone(bundle)
		flipped[at+len(data)/2] ^= 1
		found := verify(flipped)
		if found.Whole() {
			t.Errorf("%s with a bit flipped passes", path)
			continue
		}
		if first := found.Problems[0]; first.File != path && path != "manifest.json" {
			t.Errorf("a bit of %s: %v", path, &first)
		}
	}
}

// rezip writes files with the zip writer of the standard library.
func rezip(t *testing.T, method uint16, files map[string][]byte, comment string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for path, data := range files {
		part, err := w.CreateHeader(&zip.FileHeader{Name: path, Method: method})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.SetComment(comment); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// twice puts the first file of a bundle into the zip again.
func twice(bundle []byte) []byte {
	files, again := snapshots.Files(bundle), map[string][]byte{}
	for path, data := range files {
		again[path] = data
	}
	again["manifest.jsom"] = files["manifest.json"]
	packed := snapshots.Pack(again)
	return bytes.ReplaceAll(packed, []byte("manifest.jsom"), []byte("manifest.json"))
}

func TestAZipThatIsNotTheBundleIsRefused(t *testing.T) {
	t.Parallel()
	bundle := smallBundle(t)
	files := snapshots.Files(bundle)
	with := func(path, data string) map[string][]byte {
		changed := map[string][]byte{path: []byte(data)}
		for path, data := range files {
			changed[path] = data
		}
		return changed
	}
	withComment := slices.Clone(bundle)
	withComment[len(withComment)-2] = 3
	for name, broken := range map[string]struct {
		bundle []byte
		want   snapshots.Reason
	}{
		"nothing":                {nil, snapshots.NotABundle},
		"no zip":                 {[]byte("hello"), snapshots.NotABundle},
		"cut short":              {bundle[:len(bundle)-1], snapshots.NotABundle},
		"data after the end":     {append(slices.Clone(bundle), 0), snapshots.NotCanonical},
		"data before the start":  {append([]byte("#!/bin/sh\n"), bundle...), snapshots.NotCanonical},
		"a comment":              {append(withComment, "abc"...), snapshots.NotCanonical},
		"packed by another tool": {rezip(t, zip.Store, files, ""), snapshots.NotCanonical},
		"compressed":             {rezip(t, zip.Deflate, files, ""), snapshots.NotCanonical},
		"a file twice":           {twice(bundle), snapshots.NotABundle},
		"a file more":            {snapshots.Pack(with("notes.txt", "hello")), snapshots.FileUnknown},
		"a path upwards":         {rezip(t, zip.Store, with("../evil", "x"), ""), snapshots.NotABundle},
		"no manifest":            {snapshots.Pack(map[string][]byte{"a": nil}), snapshots.NotABundle},
	} {
		found := verify(broken.bundle)
		if found.Whole() || found.Problems[0].Reason != broken.want {
			t.Errorf("%s: %+v, want %s", name, found.Problems, broken.want)
		}
	}
}

// endless is a file of any size.
type endless struct{}

func (endless) ReadAt(p []byte, _ int64) (int, error) { return len(p), nil }

func TestAHugeFileIsNotRead(t *testing.T) {
	t.Parallel()
	found := snapshots.Verify(endless{}, snapshots.MaxBytes+1, snapshots.Options{})
	if found.Whole() || found.Problems[0].Reason != snapshots.NotABundle {
		t.Errorf("%+v", found.Problems)
	}
}

func TestABombIsNotUnpacked(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for i := range 3 {
		_, err := w.CreateRaw(&zip.FileHeader{Name: fmt.Sprintf("bomb%d", i), Method: zip.Deflate, UncompressedSize64: snapshots.MaxBytes / 2})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	found := verify(out.Bytes())
	if found.Whole() || !strings.Contains(found.Problems[0].Detail, "unpacked") {
		t.Errorf("%+v", found.Problems)
	}
}

// department is a unit with two projects, indicators, and money of another unit.
func (w *world) department(t failer) {
	t.Helper()
	w.register(t)
	for _, project := range []string{"P1", "P2"} {
		for _, code := range []string{"i1", "i2"} {
			of := object{"about": "project", "year": 2023, "indicator": code, "date": "2023-02-01"}
			set := object{"level1": "产出指标", "level2": "数量指标", "level3": "次数" + code, "operator": "≥", "target": "10次", "weight": "45"}
			reported := object{"actual": "9次", "note": "推迟"}
			for key, value := range of {
				set[key], reported[key] = value, value
			}
			w.post(t, "indicator.set", project, set)
			w.post(t, "indicator.reported", project, reported)
		}
	}
	w.post(t, "disbursement.paid", "L1", object{"amount": "400.00", "date": "2023-05-05", "document": "凭1"})
	w.post(t, "disbursement.paid", "L2", object{"amount": "300.00", "date": "2023-05-06", "document": "凭2"})
	w.post(t, "budget.transferred", "X1", object{"to": "L1", "amount": "100.00", "date": "2023-06-01", "document": "调1", "reason": "调剂"})
}

// replace changes one text in a file, once.
func replace(path, old, new string) func(map[string][]byte) {
	return func(files map[string][]byte) {
		if !bytes.Contains(files[path], []byte(old)) {
			panic(path + " has no " + old)
		}
		files[path] = bytes.Replace(files[path], []byte(old), []byte(new), 1)
	}
}

// lines changes the lines of the events.
func lines(change func([]string) []string) func(map[string][]byte) {
	return func(files map[string][]byte) {
		all := strings.SplitAfter(strings.TrimSuffix(string(files["events.ndjson"]), "\n"), "\n")
		all[len(all)-1] += "\n"
		files["events.ndjson"] = []byte(strings.Join(change(all), ""))
	}
}

// manifest changes what the manifest says.
func manifest(pattern, by string) func(map[string][]byte) {
	return func(files map[string][]byte) {
		files["manifest.json"] = regexp.MustCompile(pattern).ReplaceAll(files["manifest.json"], []byte(by))
	}
}

// TestWhoeverHasTheKeyCannotChangeAnything: the content is checked although list
// and signature are right.
func TestWhoeverHasTheKeyCannotChangeAnything(t *testing.T) {
	t.Parallel()
	var bundle []byte
	newDatabase(t).run(t, func(w *world) {
		w.department(t)
		_, snapshot := w.seal(t, "D1", report(t))
		bundle = snapshot.Bundle
	})
	mustBeWhole(t, bundle)
	for name, c := range map[string]struct {
		change func(map[string][]byte)
		want   snapshots.Problem
	}{
		"a printed amount": {
			replace("forms/project-P1.json", `"printed": "0.04"`, `"printed": "0.05"`),
			snapshots.Problem{Reason: snapshots.CellDiffers, File: "forms/project-P1.json", Form: "P1", Cell: "funds.current_appropriation.executed", Stated: "0.05", Derived: "0.04"},
		},
		"a declared amount": {
			replace("forms/project-P1.json", `"executed": "0.04"`, `"executed": "0.05"`),
			snapshots.Problem{Reason: snapshots.CellDiffers, File: "forms/project-P1.json", Form: "P1", Cell: "funds.total.executed", Stated: "0.05", Derived: "0.04"},
		},
		"a word": {
			replace("forms/project-P2.json", `"printed": "9次"`, `"printed": "10次"`),
			snapshots.Problem{Reason: snapshots.CellDiffers, File: "forms/project-P2.json", Form: "P2", Cell: "indicators.0.actual", Stated: "10次", Derived: "9次"},
		},
		"a posting": {
			replace("postings.ndjson", `"amount_fen":40000`, `"amount_fen":41000`),
			snapshots.Problem{Reason: snapshots.PostingDiffers, File: "postings.ndjson"},
		},
		"a template": {
			replace("templates/central-project.json", `"execution_weight": "10"`, `"execution_weight": "11"`),
			snapshots.Problem{Reason: snapshots.CellDiffers, File: "forms/project-P1.json", Form: "P1", Cell: "execution.score", Stated: "1.9", Derived: "2.1"},
		},
		"the page": {
			replace("forms.html", `>0.04<`, `>0.05<`),
			snapshots.Problem{Reason: snapshots.PageDiffers, File: "forms.html", Stated: "0.05", Derived: "0.04"},
		},
		"a form gone": {
			func(files map[string][]byte) { delete(files, "forms/project-P2.json") },
			snapshots.Problem{Reason: snapshots.FormMissing, File: "forms/project-P2.json", Form: "P2"},
		},
		"a form more": {
			func(files map[string][]byte) { files["forms/project-P9.json"] = files["forms/project-P2.json"] },
			snapshots.Problem{Reason: snapshots.FormUnknown, File: "forms/project-P9.json"},
		},
		"the budget of a line gone":  {withoutOf("L1", "budget.allocated"), snapshots.Problem{Reason: snapshots.ChainBroken, File: "events.ndjson"}},
		"an amount of an event":      {replace("events.ndjson", `"amount":"1000.00"`, `"amount":"2000.00"`), snapshots.Problem{Reason: snapshots.ChainBroken, File: "events.ndjson"}},
		"the last amount of a line":  {replace("events.ndjson", `"amount":"300.00"`, `"amount":"310.00"`), snapshots.Problem{Reason: snapshots.PostingDiffers, File: "postings.ndjson"}},
		"the actual of an indicator": {replace("events.ndjson", `"actual":"9次"`, `"actual":"8次"`), snapshots.Problem{Reason: snapshots.CellDiffers, File: "forms/project-P1.json", Form: "P1", Cell: "indicators.0.actual", Stated: "9次", Derived: "8次"}},
		"another order":              {lines(func(all []string) []string { slices.Reverse(all); return all }), snapshots.Problem{Reason: snapshots.EventMisplaced, File: "events.ndjson"}},
		"an event twice":             {lines(func(all []string) []string { return slices.Insert(all, 1, all[0]) }), snapshots.Problem{Reason: snapshots.EventMisplaced, File: "events.ndjson"}},
		"an event in other bytes":    {replace("events.ndjson", `{"actor"`, `{ "actor"`), snapshots.Problem{Reason: snapshots.EventInvalid, File: "events.ndjson"}},
		"a type that nobody knows":   {replace("events.ndjson", `outturn.indicator.set`, `outturn.indicator.sot`), snapshots.Problem{Reason: snapshots.EventInvalid, File: "events.ndjson"}},
		"what an event refers to":    {withoutOf("L2", "line.opened"), snapshots.Problem{Reason: snapshots.EventUnfit, File: "events.ndjson"}},
		"units in a ring":            {replace("events.ndjson", `"name":"市"`, `"name":"市","parent":"D1"`), snapshots.Problem{Reason: snapshots.EventUnfit, File: "events.ndjson"}},
		"a template that is none":    {func(files map[string][]byte) { files["templates/central-project.json"] = []byte("{}") }, snapshots.Problem{Reason: snapshots.TemplateInvalid, File: "templates/central-project.json"}},
		"another position":           {replace("manifest.json", `"position": `, `"position": 9`), snapshots.Problem{Reason: snapshots.CellDiffers}},
		"an earlier position":        {manifest(`"position": \d+`, `"position": 20`), snapshots.Problem{Reason: snapshots.EventMisplaced, File: "events.ndjson"}},
		"another hash of its place":  {manifest(`"position_hash": "[0-9a-f]+"`, `"position_hash": "`+strings.Repeat("0", 64)+`"`), snapshots.Problem{Reason: snapshots.EventMisplaced, File: "events.ndjson"}},
	} {
		files := snapshots.Files(bundle)
		c.change(files)
		found := verify(snapshots.Reseal(files, key()))
		if found.Whole() {
			t.Errorf("%s passes", name)
			continue
		}
		got, want := found.Problems[0], c.want
		if got.Reason != want.Reason || want.File != "" && got.File != want.File || got.Form != want.Form && want.Form != "" ||
			got.Cell != want.Cell && want.Cell != "" || want.Stated != "" && (got.Stated != want.Stated || got.Derived != want.Derived) {
			t.Errorf("%s:\n%+v, want\n%+v", name, got, want)
		}
	}
}

// withoutOf leaves out the event of a type about a line.
func withoutOf(line, noun string) func(map[string][]byte) {
	return lines(func(all []string) []string {
		return slices.DeleteFunc(all, func(event string) bool {
			return strings.Contains(event, `"subject":"`+line+`"`) && strings.Contains(event, "outturn."+noun)
		})
	})
}

func TestWithoutTheKeyTheFormIsStillNamed(t *testing.T) {
	t.Parallel()
	var bundle []byte
	newDatabase(t).run(t, func(w *world) {
		w.department(t)
		_, snapshot := w.seal(t, "D1", report(t))
		bundle = snapshot.Bundle
	})
	files := snapshots.Files(bundle)
	replace("forms/project-P1.json", `"printed": "0.04"`, `"printed": "0.05"`)(files)
	for name, changed := range map[string][]byte{
		"packed as a bundle is": snapshots.Pack(files), "packed by another tool": rezip(t, zip.Deflate, files, ""),
	} {
		found := verify(changed)
		if found.Whole() || found.Problems[0].Form != "P1" || found.Problems[0].Cell != "funds.current_appropriation.executed" {
			t.Errorf("%s: %+v", name, found.Problems)
		}
	}
}

// TestWhateverIsSignedIsReadWithoutHarm changes bytes of the content at random
// and signs it: the verification must end, whatever it finds.
func TestWhateverIsSignedIsReadWithoutHarm(t *testing.T) {
	t.Parallel()
	var bundle []byte
	newDatabase(t).run(t, func(w *world) {
		w.department(t)
		_, snapshot := w.seal(t, "D1", report(t))
		bundle = snapshot.Bundle
	})
	random := rand.New(rand.NewPCG(1, 2))
	const letters = "0123456789.\"{}[],-:aZ≥%"
	refused := 0
	for range 300 {
		files := snapshots.Files(bundle)
		paths := []string{"events.ndjson", "templates/central-project.json", "templates/hunan-department.json", "postings.ndjson", "forms/project-P1.json"}
		path := paths[random.IntN(len(paths))]
		data := slices.Clone(files[path])
		for range 1 + random.IntN(3) {
			data[random.IntN(len(data))] = letters[random.IntN(len(letters))]
		}
		files[path] = data
		if !verify(snapshots.Reseal(files, key())).Whole() {
			refused++
		}
	}
	if refused < 200 {
		t.Errorf("only %d of 300 are refused", refused)
	}
}

func TestAnotherSignerIsNotTrusted(t *testing.T) {
	t.Parallel()
	bundle := smallBundle(t)
	other := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{9}, ed25519.SeedSize))
	forged := snapshots.Reseal(snapshots.Files(bundle), other)
	found := verify(forged)
	if found.Whole() || found.Problems[0].Reason != snapshots.SignerUntrusted || found.Trusted {
		t.Errorf("%+v", found.Problems)
	}
	alone := snapshots.Verify(bytes.NewReader(forged), int64(len(forged)), snapshots.Options{})
	if !alone.Whole() || alone.Trusted || alone.Signer != snapshots.Fingerprint(other.Public().(ed25519.PublicKey)) {
		t.Errorf("without a trusted key: %+v", alone)
	}
}
