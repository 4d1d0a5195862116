package events

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Code is the stable slug of a refusal: what a program branches on. It never
// changes meaning.
type Code string

// The codes of refusals that the domain makes. Those of the HTTP edge
// (unauthenticated, too_large, …) are defined there.
const (
	CodeInvalidEvent      Code = "invalid_event"      // the event is not well formed
	CodeAmountInvalid     Code = "amount_invalid"     // an amount is not an amount
	CodeIDReused          Code = "id_reused"          // same source and id, other content
	CodeUnknownUnit       Code = "unknown_unit"       // no such unit is registered
	CodeUnknownProject    Code = "unknown_project"    // no such project in that year
	CodeUnknownLine       Code = "unknown_line"       // no such budget line is opened
	CodeUnknownPayment    Code = "unknown_payment"    // no such payment on that line
	CodeUnknownCommitment Code = "unknown_commitment" // no such open commitment on that line
	CodeUnknownIndicator  Code = "unknown_indicator"  // no such indicator was set
	CodeAlreadyRegistered Code = "already_registered" // the code is taken
	CodeInsufficientFunds Code = "insufficient_funds" // more than is available
	CodeExceedsPayment    Code = "exceeds_payment"    // more than was paid
	CodeExceedsFrozen     Code = "exceeds_frozen"     // more than is frozen
	CodePeriodClosed      Code = "period_closed"      // the month is closed
	CodeYearClosed        Code = "year_closed"        // the year is closed
	CodeYearNotClosed     Code = "year_not_closed"    // nothing to reopen
	CodeCarryoverMismatch Code = "carryover_mismatch" // the two ends of a carryover differ
	CodeUnknownControl    Code = "unknown_control"    // no such control is set for that unit
	CodeUnknownOverride   Code = "unknown_override"   // no such override holds on that line
	CodePlanExceeded      Code = "plan_exceeded"      // more than the use plan allows by then
)

// Codes that are only warned of: the event is taken in spite of it.
const (
	CodeOlderVintageFirst Code = "older_vintage_first" // an older vintage still has money
	CodeCarryoverLapsed   Code = "carryover_lapsed"    // the money's two years are over
)

// Reason names one sentence to the user. Each has a text in every language of
// the catalogue at the edge, with the Refusal's parameters as its blanks.
type Reason string

// Refusal says why an event cannot be accepted. It is the one error type of
// the domain: everything that a user can mend is a *Refusal, every other error
// is a fault of the program or of what it stands on.
type Refusal struct {
	Code   Code
	Reason Reason
	// Where is a JSON pointer (RFC 6901) into the event, such as "/data/amount";
	// empty when no single place is at fault.
	Where string
	// Params fill the blanks of the text: amounts in yuan, codes, limits.
	Params map[string]string
}

// Error gives the reason and its parameters in a fixed order, for logs; people
// get the text of their language.
func (r *Refusal) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", r.Code, r.Reason)
	if r.Where != "" {
		fmt.Fprintf(&b, " at %s", r.Where)
	}
	names := make([]string, 0, len(r.Params))
	for name := range r.Params {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(&b, " %s=%q", name, r.Params[name])
	}
	return b.String()
}

// Refuse makes a refusal. The parameters come as name, value, name, value.
func Refuse(code Code, reason Reason, where string, params ...string) *Refusal {
	r := &Refusal{Code: code, Reason: reason, Where: where}
	if len(params) > 0 {
		r.Params = make(map[string]string, len(params)/2)
	}
	for i := 0; i+1 < len(params); i += 2 {
		r.Params[params[i]] = params[i+1]
	}
	return r
}

// AsRefusal finds the refusal in an error's chain, or nil.
func AsRefusal(err error) *Refusal {
	var r *Refusal
	errors.As(err, &r)
	return r
}

// Reasons for which an event is not well formed ([CodeInvalidEvent] or, for
// the amount_ ones, [CodeAmountInvalid]).
const (
	ReasonNotUTF8           Reason = "not_utf8"
	ReasonJSONSyntax        Reason = "json_syntax"        // problem
	ReasonJSONDuplicateKey  Reason = "json_duplicate_key" // key
	ReasonJSONTooDeep       Reason = "json_too_deep"      // limit
	ReasonNotAnObject       Reason = "not_an_object"
	ReasonAttributeRequired Reason = "attribute_required" // field
	ReasonAttributeInvalid  Reason = "attribute_invalid"  // field, want
	ReasonAttributeOfLog    Reason = "attribute_of_log"   // field
	ReasonTypeUnknown       Reason = "type_unknown"       // type, nearest
	ReasonFieldUnknown      Reason = "field_unknown"      // field, nearest
	ReasonFieldRequired     Reason = "field_required"     // field
	ReasonFieldInvalid      Reason = "field_invalid"      // field, want
	ReasonDateInvalid       Reason = "date_invalid"       // field, value
	ReasonYearMismatch      Reason = "year_mismatch"      // date, year
	ReasonVintageAfterYear  Reason = "vintage_after_year" // vintage, year
	ReasonOwnParent         Reason = "own_parent"         // unit
	ReasonSameLine          Reason = "same_line"          // line
	ReasonOtherYear         Reason = "other_year"         // line, year, other
	ReasonNothingToCorrect  Reason = "nothing_to_correct"
	ReasonNotCarried        Reason = "not_carried"      // line, vintage
	ReasonCarryoverYears    Reason = "carryover_years"  // from, to
	ReasonCarryoverLine     Reason = "carryover_line"   // line, year, fund, vintage
	ReasonAmountNotText     Reason = "amount_not_text"  // field
	ReasonAmountSyntax      Reason = "amount_syntax"    // field, value
	ReasonAmountTooLarge    Reason = "amount_too_large" // field, value
	ReasonAmountNegative    Reason = "amount_negative"  // field, value
	ReasonAmountZero        Reason = "amount_zero"      // field
	ReasonAmountOverflow    Reason = "amount_overflow"  // line
)

// Reasons for which a well-formed event does not fit what was recorded before.
const (
	ReasonIDReused          Reason = "id_reused"          // id, sequence
	ReasonUnknownUnit       Reason = "unknown_unit"       // unit
	ReasonUnknownProject    Reason = "unknown_project"    // project, year
	ReasonUnknownLine       Reason = "unknown_line"       // line
	ReasonUnknownPayment    Reason = "unknown_payment"    // payment, line
	ReasonUnknownCommitment Reason = "unknown_commitment" // commitment, line
	ReasonUnknownIndicator  Reason = "unknown_indicator"  // indicator, subject, year
	ReasonScoreAboveWeight  Reason = "score_above_weight" // indicator, score, weight
	ReasonIndicatorComputed Reason = "indicator_computed" // indicator, computed
	ReasonUnitTaken         Reason = "unit_taken"         // unit
	ReasonProjectTaken      Reason = "project_taken"      // project, year
	ReasonLineTaken         Reason = "line_taken"         // line
	ReasonCommitmentTaken   Reason = "commitment_taken"   // commitment, line
	ReasonPaymentTaken      Reason = "payment_taken"      // payment, line
	ReasonInsufficientFunds Reason = "insufficient_funds" // line, available, asked, missing, pool
	ReasonExceedsPayment    Reason = "exceeds_payment"    // payment, left, asked
	ReasonBelowUsed         Reason = "below_used"         // commitment, used, asked
	ReasonExceedsFrozen     Reason = "exceeds_frozen"     // line, frozen, asked
	ReasonPeriodClosed      Reason = "period_closed"      // date, unit, month
	ReasonYearClosed        Reason = "year_closed"        // year, unit
	ReasonYearNotClosed     Reason = "year_not_closed"    // year, unit
	ReasonCarryoverMismatch Reason = "carryover_mismatch" // line, other, sent, received
	ReasonUnknownControl    Reason = "unknown_control"    // control, unit
	ReasonUnknownOverride   Reason = "unknown_override"   // override, line
	ReasonOverrideTaken     Reason = "override_taken"     // override, line
	ReasonPlanExceeded      Reason = "plan_exceeded"      // line, period, planned, spent, asked, missing
	ReasonPlanMissing       Reason = "plan_missing"       // line, year
)

// Reasons that are only warned of.
const (
	ReasonOlderVintageFirst Reason = "older_vintage_first" // line, vintage, other, older, available
	ReasonCarryoverLapsed   Reason = "carryover_lapsed"    // line, vintage, until, year
)
