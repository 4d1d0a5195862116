package main

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/outturn/outturn/handlers/api"
	"github.com/outturn/outturn/handlers/snapshots"
	"github.com/outturn/outturn/projections/forms"
)

// failed runs a command that should not end well, and returns what it said.
func failed(t *testing.T, wantCode int, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	if code := execute(t.Context(), args, console{&out, &errs}); code != wantCode {
		t.Fatalf("outturn %s: exit code %d, want %d\n%s%s", strings.Join(args, " "), code, wantCode, &out, &errs)
	}
	return out.String() + errs.String()
}

func contains(t *testing.T, text string, wanted ...string) {
	t.Helper()
	for _, want := range wanted {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in:\n%.2000s", want, text)
		}
	}
}

// TestYearEnd goes from the events of 2023 to forms, files, open data and sealed
// snapshots, with one command line after the other.
func TestYearEnd(t *testing.T) {
	t.Parallel()
	data, dir := t.TempDir(), t.TempDir()
	server := startDev(t, data)
	in := func(name string) string { return filepath.Join(dir, name) }

	t.Run("a form", func(t *testing.T) {
		var answer struct{ Forms []forms.Form }
		if err := json.Unmarshal([]byte(outturn(t, exitFine, "form", "2023", "yueyang-2023-04", "--data", data)), &answer); err != nil {
			t.Fatal(err)
		}
		if got := answer.Forms[0]; *got.Execution.Rate != "51.43%" || *got.Execution.Score != "5.14" || *got.Total.Score != "90.64" {
			t.Errorf("%s, %s, %s", *got.Execution.Rate, *got.Execution.Score, *got.Total.Score)
		}
		contains(t, outturn(t, exitFine, "form", "2023", "yueyang-2023-04", "--as-of", "2023-10-31", "--format", "html", "--data", data), "42.85%")
		contains(t, failed(t, exitWrong, "form", "2023", "nobody", "--data", data, "--lang", "en"), "not_found")
		contains(t, failed(t, exitMisuse, "form", "2023", "YYGX", "--template", "moon", "--data", data, "--lang", "en"), "moon")
		contains(t, failed(t, exitMisuse, "form", "2023", "YYGX", "--format", "pdf", "--data", data), "docx")
		contains(t, failed(t, exitMisuse, "form", "2023", "YYGX", "--data", t.TempDir()), "make run")
	})

	t.Run("files that read back as what was derived", func(t *testing.T) {
		for _, name := range []string{"all.docx", "all.xlsx"} {
			outturn(t, exitFine, "form", "2023", "YYGX", "--projects", "--output", in(name), "--data", data)
			var declared struct {
				Forms []struct{ Execution struct{ Rate, Score string } }
			}
			if err := json.Unmarshal([]byte(outturn(t, exitFine, "declare", in(name))), &declared); err != nil {
				t.Fatal(err)
			}
			if len(declared.Forms) != 17 || declared.Forms[4].Execution.Rate != "51.43%" || declared.Forms[4].Execution.Score != "5.14" {
				t.Errorf("%s: %d forms, the training's execution is %+v", name, len(declared.Forms), declared.Forms[4].Execution)
			}
		}
	})

	t.Run("open data", func(t *testing.T) {
		outturn(t, exitFine, "dataset", "2023", "YYGX", "--license", "CC-BY-4.0", "--output", in("set.zip"), "--data", data)
		if info, err := os.Stat(in("set.zip")); err != nil || info.Size() == 0 {
			t.Errorf("%v %v", info, err)
		}
		contains(t, outturn(t, exitFine, "dataset", "2023", "YYGX", "--format", "csv", "--data", data), "yueyang-2023-04", "411400.00")
		profile := in("profile.json")
		if err := os.WriteFile(profile, []byte(`{"division":"430600000","funds":{"general_public":"11","unit_funds":"3"}}`), 0o644); err != nil {
			t.Fatal(err)
		}
		contains(t, outturn(t, exitFine, "dataset", "2023", "YYGX", "--format", "ministry-csv", "--profile", profile, "--data", data), "MOF_DIV_CODE", "430600000")
		contains(t, failed(t, exitMisuse, "dataset", "2023", "YYGX", "--data", data, "--lang", "en"), "license")
	})

	t.Run("snapshots", func(t *testing.T) { server.sealTwice(t, data, dir) })
	server.stop()
}

// sealTwice seals the year, lets an event come late and seals again.
func (p *program) sealTwice(t *testing.T, data, dir string) {
	january, march := filepath.Join(dir, "january.zip"), filepath.Join(dir, "march.zip")
	var first api.SnapshotAnswer
	if err := json.Unmarshal([]byte(outturn(t, exitFine, "snapshot", "create", "YYGX", "2023", "-o", january, "--json", "--data", data)), &first); err != nil {
		t.Fatal(err)
	}
	contains(t, outturn(t, exitFine, "snapshot", "verify", january, "--lang", "en"), first.ID, "17 forms")
	contains(t, outturn(t, exitFine, "snapshot", "verify", january, "--json"), `"problems":[]`)
	late := `{"specversion":"1.0","id":"late","source":"/test","type":"outturn.budget.supplemented.v1","subject":"yueyang-2023-04-a","data":{"amount":"10000.00","date":"2023-12-30","document":"L-99","reason":"追加"}}`
	if status, body := p.call(http.MethodPost, "/v1/events", "application/cloudevents+json", late); status != http.StatusCreated {
		t.Fatalf("%d %s", status, body)
	}
	contains(t, outturn(t, exitFine, "snapshot", "create", "YYGX", "2023", "-o", march, "--data", data, "--lang", "en"), "Sealed YYGX 2023")
	contains(t, failed(t, exitWrong, "snapshot", "compare", january, march, "--lang", "en"), "funds.total.full_year  80 → 81", "L-99", "differences")
	contains(t, failed(t, exitFine, "snapshot", "compare", january, january, "--json"), `{"differences":[]}`)

	sealed, err := os.ReadFile(january)
	if err != nil {
		t.Fatal(err)
	}
	if again := p.get(first.Bundle); !bytes.Equal(again, sealed) {
		t.Error("a late event changes what was sealed")
	}
	wantForgeryFound(t, sealed, dir)
	wantKeysHeld(t, january, data, dir)
}

// wantForgeryFound flips one bit of a cell's text.
func wantForgeryFound(t *testing.T, sealed []byte, dir string) {
	t.Helper()
	forged, at := bytes.Clone(sealed), bytes.Index(sealed, []byte(`"printed": "51.43%"`))
	if at < 0 {
		t.Fatal("the rate is not in the bundle")
	}
	forged[at+len(`"printed": "`)] ^= 1 // 41.43%
	file := filepath.Join(dir, "forged.zip")
	if err := os.WriteFile(file, forged, 0o644); err != nil {
		t.Fatal(err)
	}
	contains(t, failed(t, exitWrong, "snapshot", "verify", file, "--lang", "en"), "yueyang-2023-04", "execution.rate", `"41.43%"`, `"51.43%"`)
	var report snapshots.Report
	if err := json.Unmarshal([]byte(failed(t, exitWrong, "snapshot", "verify", file, "--json")), &report); err != nil {
		t.Fatal(err)
	}
	if report.Whole() || report.Problems[0].Reason != snapshots.CellDiffers {
		t.Errorf("%+v", report.Problems)
	}
	contains(t, failed(t, exitWrong, "snapshot", "compare", file, file, "--lang", "en"), "forged.zip", "execution.rate")
	contains(t, failed(t, exitMisuse, "snapshot", "verify", filepath.Join(dir, "nowhere.zip")), "nowhere.zip")
}

// wantKeysHeld verifies with the key that signed and with another one.
func wantKeysHeld(t *testing.T, bundle, data, dir string) {
	t.Helper()
	key := filepath.Join(data, "signing-key.pem")
	info, err := os.Stat(key)
	if err != nil || info.Mode().Perm() != snapshots.KeyMode {
		t.Fatalf("%v %v", info, err)
	}
	ours := writePublic(t, key, filepath.Join(dir, "ours.pem"))
	other := filepath.Join(dir, "other-private.pem")
	if _, err := snapshots.NewKey(other); err != nil {
		t.Fatal(err)
	}
	theirs := writePublic(t, other, filepath.Join(dir, "theirs.pem"))
	contains(t, failed(t, exitFine, "snapshot", "verify", bundle, "--key", ours, "--lang", "en"), "trusted key")
	contains(t, failed(t, exitWrong, "snapshot", "verify", bundle, "--key", theirs, "--lang", "en"), "another key than the trusted one")
	contains(t, failed(t, exitMisuse, "snapshot", "verify", bundle, "--key", key), "PUBLIC KEY")
}

// writePublic writes the public half of a private key's file.
func writePublic(t *testing.T, private, file string) string {
	t.Helper()
	key, err := snapshots.LoadKey(private)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}
