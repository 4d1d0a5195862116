package oidc

import "github.com/outturn/outturn/events"

// Reasons for which a sign-in by an identity provider fails; the code of all is
// unauthenticated.
const (
	ReasonUnavailable events.Reason = "oidc_unavailable"
	ReasonStale       events.Reason = "oidc_stale"
	ReasonDenied      events.Reason = "oidc_denied" // problem
	ReasonUntrusted   events.Reason = "oidc_untrusted"
	ReasonNotACode    events.Reason = "oidc_not_a_code" // claim
)
