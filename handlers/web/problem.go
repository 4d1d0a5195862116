package web

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/access"
	"github.com/outturn/outturn/projections"
)

// Problem is the page for everything that went wrong.
type Problem struct {
	Shell
	Code, RequestID string
	Sentences       []string
	// Without leads to the same page without its filters; empty if the filters
	// are not to blame.
	Without string
	Retry   string
}

func (*Problem) template() string { return "problem" }

// filterErrors are the parameters of an address that cannot be understood.
type filterErrors []*events.Refusal

func (e filterErrors) Error() string {
	all := make([]string, len(e))
	for i, refusal := range e {
		all[i] = refusal.Error()
	}
	return strings.Join(all, "; ")
}

func badFilters(problems []*events.Refusal) error { return filterErrors(problems) }

// unrouted is the problem with a request that no route takes: a wrong method if
// the mux says which are allowed, else a wrong address.
func unrouted(r *http.Request, status int, allowed string) error {
	if status == http.StatusMethodNotAllowed {
		return events.Refuse("method_not_allowed", "method_not_allowed", "", "method", r.Method, "allowed", allowed)
	}
	return projections.ErrNotFound
}

// kinds of problems that a page can have, the first that fits first.
var problemKinds = []struct {
	err          error
	code, reason string
	status       int
}{
	{projections.ErrNotFound, "not_found", "not_found", http.StatusNotFound},
	{projections.ErrBehind, "projection_behind", "projection_behind", http.StatusServiceUnavailable},
	{projections.ErrUnavailable, "projection_unavailable", "projection_unavailable", http.StatusServiceUnavailable},
	{context.DeadlineExceeded, "projection_unavailable", "projection_unavailable", http.StatusServiceUnavailable},
}

// problem turns an error into its page. The words of a fault of the program do
// not leave the server.
func (s *server) problem(v *visit, err error, requestID string) (page, int) {
	var filters filterErrors
	var refusal *events.Refusal
	switch {
	case errors.As(err, &filters):
		p := v.problemPage("query_invalid", requestID)
		for _, one := range filters {
			p.Sentences = append(p.Sentences, v.Refusal(one))
		}
		p.Without = pathOf(v.URL)
		return p, http.StatusBadRequest
	case errors.As(err, &refusal):
		p := v.problemPage(string(refusal.Code), requestID)
		p.Sentences = []string{v.Refusal(refusal)}
		return p, refusedStatus(refusal.Code)
	}
	for _, kind := range problemKinds {
		if errors.Is(err, kind.err) {
			p := v.problemPage(kind.code, requestID)
			p.Sentences = []string{v.Text("reason." + kind.reason)}
			if kind.status == http.StatusServiceUnavailable {
				p.Retry = address{v.URL.Query()}.at(pathOf(v.URL))
			}
			return p, kind.status
		}
	}
	s.Logger.ErrorContext(v.Context(), "page failed", "error", err, "path", v.URL.Path, "request_id", requestID)
	p := v.problemPage("internal", requestID)
	p.Sentences = []string{v.Text("reason.internal")}
	p.Retry = address{v.URL.Query()}.at(pathOf(v.URL))
	return p, http.StatusInternalServerError
}

// refusedStatus is the status of a page that was refused.
func refusedStatus(code events.Code) int {
	switch code {
	case access.CodeForbidden:
		return http.StatusForbidden
	case "method_not_allowed":
		return http.StatusMethodNotAllowed
	}
	return http.StatusUnprocessableEntity
}

func (v *visit) problemPage(code, requestID string) *Problem {
	return &Problem{Shell: Shell{Heading: v.Title(code), Failed: true}, Code: code, RequestID: requestID}
}
