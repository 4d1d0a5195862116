package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/access"
	"github.com/outturn/outturn/events/alert"
	"github.com/outturn/outturn/events/eventlog"
	"github.com/outturn/outturn/events/review"
	"github.com/outturn/outturn/handlers/auth"
	"github.com/outturn/outturn/handlers/commands"
	"github.com/outturn/outturn/handlers/formimport"
	"github.com/outturn/outturn/handlers/intake"
	"github.com/outturn/outturn/projections"
	"github.com/outturn/outturn/projections/pace"
)

// Codes of problems that are the HTTP edge's own. Those of the domain are in
// package events.
const (
	CodeUnauthenticated                   = access.CodeUnauthenticated
	CodeForbidden                         = access.CodeForbidden
	CodeRateLimited                       = auth.CodeRateLimited
	CodeTooLarge              events.Code = "too_large"
	CodeUnsupportedMediaType  events.Code = "unsupported_media_type"
	CodeQueryInvalid          events.Code = "query_invalid"
	CodeNotFound              events.Code = "not_found"
	CodeMethodNotAllowed      events.Code = "method_not_allowed"
	CodeDeclaredInvalid       events.Code = "declared_invalid" // not a document of declared forms
	CodeRequestInvalid        events.Code = "request_invalid"  // a body that is not what the call takes
	CodeSnapshotChanged       events.Code = "snapshot_changed" // cannot be made again as it was sealed
	CodeSigningKeyMissing     events.Code = "signing_key_missing"
	CodeConflict                          = commands.CodeConflict
	CodeOverloaded                        = commands.CodeOverloaded
	CodeLogUnavailable                    = commands.CodeLogUnavailable
	CodeProjectionBehind                  = commands.CodeProjectionBehind
	CodeProjectionUnavailable events.Code = "projection_unavailable"
	CodeInternal                          = commands.CodeInternal
)

// Reasons of problems that are the HTTP edge's own.
const (
	ReasonOneRoleNeeded         events.Reason = "one_role_needed" // roles
	ReasonEverythingNeeded      events.Reason = "everything_needed"
	ReasonBodyTooLarge          events.Reason = "body_too_large"     // limit
	ReasonEventTooLarge         events.Reason = "event_too_large"    // limit
	ReasonSourceReserved        events.Reason = "source_reserved"    // source
	ReasonTooManyEvents         events.Reason = "too_many_events"    // limit
	ReasonAtomicTooMany         events.Reason = "atomic_too_many"    // limit
	ReasonBodyUnreadable        events.Reason = "body_unreadable"    // problem
	ReasonMediaType             events.Reason = "media_type"         // type, allowed
	ReasonQueryUnreadable       events.Reason = "query_unreadable"   // problem
	ReasonParameterInvalid      events.Reason = "parameter_invalid"  // parameter, value, want
	ReasonParameterRequired     events.Reason = "parameter_required" // parameter
	ReasonParameterUnknown      events.Reason = "parameter_unknown"  // parameter, known
	ReasonNotFound              events.Reason = "not_found"          // path
	ReasonMethodNotAllowed      events.Reason = "method_not_allowed" // method, allowed
	ReasonDeclaredInvalid       events.Reason = "declared_invalid"   // problem
	ReasonRequestInvalid        events.Reason = "request_invalid"    // problem
	ReasonSnapshotTooLarge      events.Reason = "snapshot_too_large"
	ReasonSnapshotChanged       events.Reason = "snapshot_changed" // problem
	ReasonSigningKeyMissing     events.Reason = "signing_key_missing"
	ReasonConflict                            = commands.ReasonConflict
	ReasonOverloaded                          = commands.ReasonOverloaded
	ReasonLogUnavailable                      = commands.ReasonLogUnavailable
	ReasonProjectionBehind                    = commands.ReasonProjectionBehind // sequence
	ReasonProjectionUnavailable events.Reason = "projection_unavailable"
	ReasonInternal                            = commands.ReasonInternal // problem
)

// statusOf maps every code to its HTTP status.
var statusOf = map[events.Code]int{
	events.CodeInvalidEvent:      http.StatusBadRequest,
	events.CodeAmountInvalid:     http.StatusBadRequest,
	events.CodeIDReused:          http.StatusConflict,
	events.CodeAlreadyRegistered: http.StatusConflict,
	events.CodeUnknownUnit:       http.StatusUnprocessableEntity,
	events.CodeUnknownProject:    http.StatusUnprocessableEntity,
	events.CodeUnknownLine:       http.StatusUnprocessableEntity,
	events.CodeUnknownPayment:    http.StatusUnprocessableEntity,
	events.CodeUnknownCommitment: http.StatusUnprocessableEntity,
	events.CodeUnknownIndicator:  http.StatusUnprocessableEntity,
	events.CodeInsufficientFunds: http.StatusUnprocessableEntity,
	events.CodeExceedsPayment:    http.StatusUnprocessableEntity,
	events.CodeExceedsFrozen:     http.StatusUnprocessableEntity,
	events.CodePeriodClosed:      http.StatusUnprocessableEntity,
	events.CodeYearClosed:        http.StatusUnprocessableEntity,
	events.CodeYearNotClosed:     http.StatusUnprocessableEntity,
	events.CodeCarryoverMismatch: http.StatusUnprocessableEntity,
	events.CodeUnknownControl:    http.StatusUnprocessableEntity,
	events.CodeUnknownOverride:   http.StatusUnprocessableEntity,
	events.CodePlanExceeded:      http.StatusUnprocessableEntity,
	alert.CodeUnknownAlert:       http.StatusUnprocessableEntity,
	alert.CodeAlertOpen:          http.StatusConflict,
	alert.CodeAlertAnswered:      http.StatusConflict,
	alert.CodeAlertEscalated:     http.StatusConflict,
	alert.CodeAlertClosed:        http.StatusConflict,
	alert.CodeAlertNotDue:        http.StatusConflict,
	pace.CodeUnknownPace:         http.StatusUnprocessableEntity,
	review.CodeUnknownReview:     http.StatusUnprocessableEntity,
	review.CodeUnknownProposal:   http.StatusUnprocessableEntity,
	review.CodeOwnProposal:       http.StatusForbidden,
	intake.CodeNoHeader:          http.StatusUnprocessableEntity,
	intake.CodeImportBusy:        http.StatusServiceUnavailable,
	intake.CodeImportState:       http.StatusConflict,
	access.CodeUnknownUser:       http.StatusUnprocessableEntity,
	access.CodeUnknownGrant:      http.StatusUnprocessableEntity,
	access.CodeAlreadyGranted:    http.StatusConflict,
	access.CodeUnknownToken:      http.StatusUnprocessableEntity,
	CodeUnauthenticated:          http.StatusUnauthorized,
	CodeForbidden:                http.StatusForbidden,
	CodeRateLimited:              http.StatusTooManyRequests,
	CodeTooLarge:                 http.StatusRequestEntityTooLarge,
	CodeUnsupportedMediaType:     http.StatusUnsupportedMediaType,
	CodeQueryInvalid:             http.StatusBadRequest,
	CodeNotFound:                 http.StatusNotFound,
	CodeMethodNotAllowed:         http.StatusMethodNotAllowed,
	CodeDeclaredInvalid:          http.StatusBadRequest,
	formimport.CodeTooLarge:      http.StatusRequestEntityTooLarge,
	formimport.CodeDamaged:       http.StatusBadRequest,
	formimport.CodeKind:          http.StatusUnsupportedMediaType,
	formimport.CodeMacros:        http.StatusUnprocessableEntity,
	formimport.CodeExternalLinks: http.StatusUnprocessableEntity,
	formimport.CodeDTD:           http.StatusUnprocessableEntity,
	formimport.CodeNotAForm:      http.StatusUnprocessableEntity,
	CodeRequestInvalid:           http.StatusBadRequest,
	CodeSnapshotChanged:          http.StatusConflict,
	CodeSigningKeyMissing:        http.StatusNotImplemented,
	CodeConflict:                 http.StatusConflict,
	CodeOverloaded:               http.StatusServiceUnavailable,
	CodeLogUnavailable:           http.StatusServiceUnavailable,
	CodeProjectionBehind:         http.StatusServiceUnavailable,
	CodeProjectionUnavailable:    http.StatusServiceUnavailable,
	CodeInternal:                 http.StatusInternalServerError,
}

// saidOnly are the codes of warnings, and of rows and notes of imports: no answer
// fails with one.
var saidOnly = []events.Code{
	events.CodeOlderVintageFirst, events.CodeCarryoverLapsed,
	intake.CodeCellInvalid, intake.CodeLineUnclear, intake.CodeCheckWarning, intake.CodeInterrupted,
}

// retryAfterSeconds is what a client is asked to wait when the fault is ours
// and passing.
const retryAfterSeconds = 1

// Problem is the body of every error (RFC 9457), with Outturn's own members.
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	// Code is the stable slug that programs branch on.
	Code events.Code `json:"code"`
	// Reason is finer than Code; new ones may be added.
	Reason events.Reason `json:"reason"`
	// Pointer is a JSON pointer to the place in the event.
	Pointer string `json:"pointer,omitempty"`
	// Params are the figures in the detail, for programs.
	Params map[string]string `json:"params,omitempty"`
	// RequestID finds the request in the server's log.
	RequestID string `json:"request_id,omitempty"`
}

// TypePrefix begins the type of every problem; the code follows.
const TypePrefix = "urn:outturn:problem:"

// refusalOf turns any error of a call into a refusal that can be shown.
func refusalOf(err error) *events.Refusal {
	if refusal := events.AsRefusal(err); refusal != nil {
		return refusal
	}
	if refusal := commands.Refusal(err); refusal != nil {
		return refusal
	}
	for _, known := range []struct {
		err    error
		code   events.Code
		reason events.Reason
	}{
		{eventlog.ErrTooLarge, CodeTooLarge, ReasonEventTooLarge},
		{projections.ErrBehind, CodeProjectionBehind, ReasonProjectionBehind},
		{projections.ErrUnavailable, CodeProjectionUnavailable, ReasonProjectionUnavailable},
		{context.DeadlineExceeded, CodeProjectionUnavailable, ReasonProjectionUnavailable},
	} {
		if errors.Is(err, known.err) {
			return events.Refuse(known.code, known.reason, "")
		}
	}
	return events.Refuse(CodeInternal, ReasonInternal, "", "problem", err.Error())
}

// fail answers with the problem of an error. What is the program's fault is
// logged, and its own words do not leave the server.
func (a *API) fail(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		return // nobody is there to read it
	}
	a.refuse(w, r, a.presentable(w, r, refusalOf(err)))
}

// presentable logs a refusal that is the program's fault and takes its words out.
func (a *API) presentable(w http.ResponseWriter, r *http.Request, refusal *events.Refusal) *events.Refusal {
	if refusal.Code != CodeInternal {
		return refusal
	}
	a.config.Logger.ErrorContext(r.Context(), "request failed", "error", refusal, "path", r.URL.Path, "request_id", w.Header().Get(RequestIDHeader))
	return events.Refuse(CodeInternal, ReasonInternal, "")
}

// refuse answers with a problem.
func (a *API) refuse(w http.ResponseWriter, r *http.Request, refusal *events.Refusal) {
	status, ok := statusOf[refusal.Code]
	if !ok {
		status = http.StatusInternalServerError
	}
	passes := status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests
	if passes && w.Header().Get("Retry-After") == "" {
		w.Header().Set("Retry-After", strconv.Itoa(retryAfterSeconds))
	}
	texts := a.config.Texts(r)
	writeJSON(w, status, "application/problem+json", Problem{
		Type: TypePrefix + string(refusal.Code), Title: texts.Title(string(refusal.Code)), Status: status,
		Detail: texts.Refusal(refusal), Code: refusal.Code, Reason: refusal.Reason, Pointer: refusal.Where,
		Params: refusal.Params, RequestID: w.Header().Get(RequestIDHeader),
	})
}
