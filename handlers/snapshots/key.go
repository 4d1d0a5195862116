package snapshots

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Limits of key files.
const (
	// KeyMode is the only mode that a file with a private key may have.
	KeyMode fs.FileMode = 0o600
	// MaxKeyBytes is the largest key file that is read.
	MaxKeyBytes = 4 << 10
)

const (
	privateKeyBlock = "PRIVATE KEY"
	publicKeyBlock  = "PUBLIC KEY"
)

// NewKey makes a key and writes it to a new file as PKCS #8 in PEM, which only
// its owner may read. It never overwrites a file: a key that is lost cannot be
// made again.
func NewKey(path string) (ed25519.PrivateKey, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, KeyMode)
	if err != nil {
		return nil, fmt.Errorf("make a signing key: %w", err)
	}
	err = errors.Join(f.Chmod(KeyMode), pem.Encode(f, &pem.Block{Type: privateKeyBlock, Bytes: der}), f.Sync())
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("write the signing key %s: %w", path, err)
	}
	return key, nil
}

// LoadKey reads a private key that [NewKey] or "openssl genpkey -algorithm
// ed25519" wrote. A file that others may read is refused.
func LoadKey(path string) (ed25519.PrivateKey, error) {
	raw, err := readKeyFile(path, func(mode fs.FileMode) error {
		if mode.Perm() != KeyMode {
			return fmt.Errorf("its mode is %#o and must be %#o: others could sign with it; run: chmod 600 %s", mode.Perm(), KeyMode, path)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("the signing key %s: %w", path, err)
	}
	block, _ := pem.Decode(raw)
	if block == nil || block.Type != privateKeyBlock {
		return nil, fmt.Errorf("the signing key %s: no %q in PEM is in it", path, privateKeyBlock)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("the signing key %s: %w", path, err)
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("the signing key %s: a %T; snapshots are signed with ed25519", path, parsed)
	}
	return key, nil
}

// LoadPublicKey reads a public key in PEM, such as the signer.pem of a bundle
// that is known to be good.
func LoadPublicKey(path string) (ed25519.PublicKey, error) {
	raw, err := readKeyFile(path, func(fs.FileMode) error { return nil })
	if err != nil {
		return nil, fmt.Errorf("the public key %s: %w", path, err)
	}
	key, err := parsePublicKey(raw)
	if err != nil {
		return nil, fmt.Errorf("the public key %s: %w", path, err)
	}
	return key, nil
}

func readKeyFile(path string, check func(fs.FileMode) error) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if err := check(info.Mode()); err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(io.LimitReader(f, MaxKeyBytes+1))
	if len(raw) > MaxKeyBytes {
		return nil, fmt.Errorf("more than %d bytes: not a key", MaxKeyBytes)
	}
	return raw, err
}

func parsePublicKey(raw []byte) (ed25519.PublicKey, error) {
	block, _ := pem.Decode(raw)
	if block == nil || block.Type != publicKeyBlock {
		return nil, fmt.Errorf("no %q in PEM is in it", publicKeyBlock)
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	key, ok := parsed.(ed25519.PublicKey)
	if !ok {
		return nil, fmt.Errorf("a %T; snapshots are signed with ed25519", parsed)
	}
	return key, nil
}

// Fingerprint names a public key: the SHA-256 of its SubjectPublicKeyInfo (RFC
// 8410) in hexadecimal, as "openssl pkey -pubin -outform DER | sha256sum" prints.
func Fingerprint(key ed25519.PublicKey) string {
	sum := sha256.Sum256(publicDER(key))
	return hex.EncodeToString(sum[:])
}

func publicDER(key ed25519.PublicKey) []byte {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		panic(err) // an ed25519 key can always be written
	}
	return der
}

// signerFile is the file of a bundle that names its key.
func signerFile(key ed25519.PublicKey) []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, "ed25519 sha256 %s\n", Fingerprint(key))
	out.Write(pem.EncodeToMemory(&pem.Block{Type: publicKeyBlock, Bytes: publicDER(key)}))
	return out.Bytes()
}
