package auth

import (
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/events/access"
)

// CodeRateLimited is the code of a refusal that passes with time; the answer's
// status is 429, and its Retry-After says when.
const CodeRateLimited events.Code = "rate_limited"

// Reasons for which a request is not let in.
const (
	ReasonTokenMissing events.Reason = "token_missing"
	ReasonSignInLimit  events.Reason = "sign_in_limit" // seconds
	ReasonRequestLimit events.Reason = "request_limit" // seconds
	ReasonForeignHost  events.Reason = "foreign_host"  // host
)

// Refuse answers a request that was refused.
type Refuse func(w http.ResponseWriter, r *http.Request, refusal *events.Refusal)

// unauthenticated is why somebody was not let in. An error that is no refusal
// lets nobody in either.
func unauthenticated(err error) *events.Refusal {
	if refusal := events.AsRefusal(err); refusal != nil || err == nil {
		return refusal
	}
	return events.Refuse(access.CodeUnauthenticated, access.ReasonTokenUnknown, "")
}

// tooSoon refuses what may be asked again after a wait, and says so to programs.
func tooSoon(w http.ResponseWriter, reason events.Reason, wait time.Duration) *events.Refusal {
	seconds := strconv.Itoa(int(math.Ceil(wait.Seconds())))
	w.Header().Set("Retry-After", seconds)
	return events.Refuse(CodeRateLimited, reason, "", "seconds", seconds)
}
