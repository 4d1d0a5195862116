package api

import (
	"bytes"
	"encoding/json"
	"mime"
	"net/http"
)

func writeJSON(w http.ResponseWriter, status int, contentType string, body any) {
	var encoded bytes.Buffer
	encoder := json.NewEncoder(&encoded)
	encoder.SetEscapeHTML(false) // stored events leave as the bytes that their hash is of
	if err := encoder.Encode(body); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	send(w, status, contentType+"; charset=utf-8", encoded.Bytes())
}

// sendFile answers with a file to keep.
func sendFile(w http.ResponseWriter, mediaType, name string, body []byte) {
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	send(w, http.StatusOK, mediaType, body)
}

func send(w http.ResponseWriter, status int, mediaType string, body []byte) {
	header := w.Header()
	header.Set("Content-Type", mediaType)
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	w.Write(body) // a client that is gone is no error of ours
}
