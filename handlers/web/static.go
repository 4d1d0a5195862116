package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed static/*
var staticFiles embed.FS

// hashDigits is how much of its content's SHA-256 an asset's name carries.
const hashDigits = 10

// asset is a file that pages refer to by a name that changes with its content.
type asset struct {
	address string
	body    []byte
}

// assets are the files under /static/, by their hashed names.
type assets map[string]asset

func loadAssets() assets {
	entries, err := staticFiles.ReadDir("static")
	if err != nil {
		panic("web: the compiled-in files cannot be listed: " + err.Error())
	}
	all := make(assets, len(entries))
	for _, entry := range entries {
		body, err := staticFiles.ReadFile("static/" + entry.Name())
		if err != nil {
			panic("web: the compiled-in file cannot be read: " + err.Error())
		}
		sum := sha256.Sum256(body)
		extension := path.Ext(entry.Name())
		name := strings.TrimSuffix(entry.Name(), extension) + "." + hex.EncodeToString(sum[:])[:hashDigits] + extension
		all[name] = asset{address: "/static/" + name, body: body}
	}
	return all
}

// address is where the file of that plain name is served.
func (a assets) address(plain string) string {
	extension := path.Ext(plain)
	for name, file := range a {
		if strings.HasPrefix(name, strings.TrimSuffix(plain, extension)+".") && path.Ext(name) == extension {
			return file.address
		}
	}
	panic("web: no compiled-in file " + plain)
}

// ServeHTTP serves a file for ever: another content has another name.
func (a assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	file, ok := a[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(file.body))
}
