package handlers

import (
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/google/uuid"

	"github.com/outturn/outturn/handlers/api"
)

// observed gives every request an id, a line in the log and a place in the
// metrics, and turns a panic into an answer.
func observed(c Config, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		id := uuid.NewString()
		w.Header().Set(api.RequestIDHeader, id)
		seen := &answer{ResponseWriter: w, status: http.StatusOK}
		defer func() {
			if fault := recover(); fault != nil && fault != http.ErrAbortHandler {
				c.Logger.ErrorContext(r.Context(), "panic", "fault", fmt.Sprint(fault), "stack", string(debug.Stack()), "request_id", id)
				seen.failed()
			}
			took := time.Since(began)
			if seen.Header().Get("Content-Type") != streamType { // a stream's time is not an answer's
				c.Metrics.Answered(r.Pattern, method(r), seen.status, took)
			}
			c.Logger.LogAttrs(r.Context(), levelOf(seen.status), "request",
				slog.String("method", r.Method), slog.String("path", r.URL.Path), slog.Int("status", seen.status),
				slog.Duration("took", took), slog.String("request_id", id))
		}()
		next.ServeHTTP(seen, r)
	})
}

// streamType is what /v1/stream answers with.
const streamType = "text/event-stream; charset=utf-8"

// method keeps the number of series bounded whatever clients send.
func method(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return r.Method
	}
	return "other"
}

func levelOf(status int) slog.Level {
	if status >= http.StatusInternalServerError {
		return slog.LevelWarn
	}
	return slog.LevelDebug
}

// answer remembers the status of what is answered.
type answer struct {
	http.ResponseWriter
	status  int
	written bool
}

func (a *answer) WriteHeader(status int) {
	if !a.written {
		a.status, a.written = status, true
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(body []byte) (int, error) {
	a.written = true
	return a.ResponseWriter.Write(body)
}

// Unwrap lets http.ResponseController reach the connection.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// failed answers a request whose handler panicked before it wrote anything.
func (a *answer) failed() {
	if !a.written {
		http.Error(a, "internal error", http.StatusInternalServerError)
	}
}
