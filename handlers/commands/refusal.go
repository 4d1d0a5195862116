package commands

import (
	"errors"

	"github.com/outturn/outturn/events"
)

// Codes of submissions that could not be recorded at this moment. All of them
// pass: to send the same again is safe.
const (
	CodeConflict         events.Code = "conflict"
	CodeOverloaded       events.Code = "overloaded"
	CodeLogUnavailable   events.Code = "log_unavailable"
	CodeProjectionBehind events.Code = "projection_behind"
)

// Reasons of submissions that could not be recorded at this moment.
const (
	ReasonConflict         events.Reason = "conflict"
	ReasonOverloaded       events.Reason = "overloaded"
	ReasonLogUnavailable   events.Reason = "log_unavailable"
	ReasonOutcomeUnknown   events.Reason = "outcome_unknown"
	ReasonProjectionBehind events.Reason = "projection_behind" // sequence
)

// Refusal is what people are told of an error of Submit that passes with time, or
// nil if the error is none of them.
func Refusal(err error) *events.Refusal {
	for _, known := range []struct {
		err    error
		code   events.Code
		reason events.Reason
	}{
		{ErrConflict, CodeConflict, ReasonConflict},
		{ErrOverloaded, CodeOverloaded, ReasonOverloaded},
		{ErrOutcomeUnknown, CodeLogUnavailable, ReasonOutcomeUnknown},
		{ErrPastBehind, CodeProjectionBehind, ReasonProjectionBehind},
		{ErrLogUnavailable, CodeLogUnavailable, ReasonLogUnavailable},
		{ErrStopped, CodeLogUnavailable, ReasonLogUnavailable},
	} {
		if errors.Is(err, known.err) {
			return events.Refuse(known.code, known.reason, "")
		}
	}
	return nil
}
