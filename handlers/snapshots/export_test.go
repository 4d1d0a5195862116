package snapshots

import (
	"crypto/ed25519"
	"encoding/json"
)

// Files unpacks a bundle.
func Files(bundle []byte) map[string][]byte {
	files, _, err := decode(bundle)
	if err != nil {
		panic(err)
	}
	all := map[string][]byte{}
	for _, f := range files {
		all[f.path] = f.data
	}
	return all
}

// Pack writes files as a bundle is written.
func Pack(files map[string][]byte) []byte {
	var all []file
	for path, data := range files {
		all = append(all, file{path, data})
	}
	return encode(all)
}

// Reseal lists and signs whatever files there are: what somebody can do who has
// the key.
func Reseal(files map[string][]byte, key ed25519.PrivateKey) []byte {
	var m Manifest
	if err := json.Unmarshal(files[manifestPath], &m); err != nil {
		panic(err)
	}
	written := m.list(filesOf(files))
	files[sumsPath] = written.data
	manifest, err := indented(m)
	if err != nil {
		panic(err)
	}
	files[manifestPath], files[signaturePath] = manifest, ed25519.Sign(key, manifest)
	files[signerPath] = signerFile(key.Public().(ed25519.PublicKey))
	return Pack(files)
}

// Fits says whether files of some sizes may be a bundle.
func Fits(sizes ...int) error {
	var files []file
	for _, size := range sizes {
		files = append(files, file{"forms/unit-U.json", make([]byte, size)})
	}
	return fits(files)
}
