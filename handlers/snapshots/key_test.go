package snapshots_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/outturn/outturn/handlers/snapshots"
)

func TestANewKeyIsReadBack(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "signing.pem")
	made, err := snapshots.NewKey(path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != snapshots.KeyMode {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if read, err := snapshots.LoadKey(path); err != nil || !made.Equal(read) {
		t.Errorf("another key is read back, %v", err)
	}
	if _, err := snapshots.NewKey(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a key is overwritten: %v", err)
	}
}

func TestKeysThatMustNotBeUsedAreRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, kind string, der []byte, mode fs.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	ours, err := x509.MarshalPKCS8PrivateKey(key())
	if err != nil {
		t.Fatal(err)
	}
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := x509.MarshalPKCS8PrivateKey(other)
	if err != nil {
		t.Fatal(err)
	}
	for want, path := range map[string]string{
		"chmod 600":    write("open", "PRIVATE KEY", ours, 0o644),
		"ed25519":      write("rsa", "PRIVATE KEY", foreign, 0o600),
		"PEM":          write("public", "PUBLIC KEY", ours, 0o600),
		"bytes":        write("long", "PRIVATE KEY", make([]byte, snapshots.MaxKeyBytes), 0o600),
		"no such file": filepath.Join(dir, "none"),
	} {
		if _, err := snapshots.LoadKey(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want one that says %q", path, err, want)
		}
	}
}

func TestASignerOfABundleIsAPublicKeyFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "signer.pem")
	signer := snapshots.Files(smallBundle(t))["signer.pem"]
	if err := os.WriteFile(path, signer, 0o644); err != nil {
		t.Fatal(err)
	}
	read, err := snapshots.LoadPublicKey(path)
	if err != nil || !read.Equal(public()) {
		t.Errorf("%v, %v", read, err)
	}
	if want := "ed25519 sha256 " + snapshots.Fingerprint(key().Public().(ed25519.PublicKey)) + "\n"; !strings.HasPrefix(string(signer), want) {
		t.Errorf("the file begins otherwise than %q", want)
	}
}
